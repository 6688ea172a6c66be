package refreshcli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/refreshconfig"
)

// load returns the configuration: that of --config, or of the default path, or of environment variables. The content is
// that of the file.
func (p *Program) load(o *options) (config *refreshconfig.Config, content []byte, err error) {
	path := cmp.Or(o.config, refreshconfig.DefaultPath)
	content, err = configpath.ReadFile(path)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && o.config != "":
		return nil, nil, advice.Errorf("the configuration file %s does not exist", path).Then("create it, or specify another file")
	case missing && len(refreshconfig.Variables(p.Env)) == 0:
		return nil, nil, advice.Errorf("no configuration found: %s does not exist", path).
			Then("create it, or specify another file with --config; see docs/refresh.md")
	case missing:
		config, err = refreshconfig.FromEnviron(p.Env)
		return config, nil, err
	case err != nil:
		return nil, nil, unreadable(err)
	}
	config, err = refreshconfig.Parse(path, content)
	return config, content, err
}

func unreadable(err error) error { return fmt.Errorf("the configuration cannot be read: %w", err) }

// checkConfig is the command that validates a configuration, without a cluster and without AWS.
func (p *Program) checkConfig(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "check-config [FILE]",
		Short: "Validate a configuration file, without contacting AWS or a cluster",
		Long: `Validate a configuration file, without contacting AWS or a cluster.

Without FILE, the configuration that the program would use is validated. The exit code is 1 if it is invalid.`,
		Example: "  ecr-token-refresh check-config config.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.config = args[0]
			}
			config, _, err := p.load(o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.Stdout, "%s: valid (files: %d, Secrets: %d)\n",
				origin(config), len(config.Files), len(config.Secrets))
			return err
		},
	}
}

// origin returns where a configuration comes from, for messages.
func origin(c *refreshconfig.Config) string {
	if c.Path == "" {
		return "environment variables"
	}
	return c.Path
}
