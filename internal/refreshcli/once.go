package refreshcli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/refreshconfig"
	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes"
	"ecrlogin/registry"
)

// onceLimit is the time limit of --once and --dry-run.
const onceLimit = 10 * time.Minute

var errOnceLimit = fmt.Errorf("not finished after %s; start it again", onceLimit)

// once writes everything once, and prints a line for each target. The error joins one for each failure.
func (d *daemon) once(ctx context.Context, config *refreshconfig.Config) error {
	if err := d.addDefaultRegistry(ctx, config); err != nil {
		return err
	}
	g, err := d.build(config, nil)
	if err != nil {
		return err
	}
	g.use()
	err = g.refresher.Once(ctx)
	for _, t := range g.refresher.Status().Targets {
		d.summarize(t)
	}
	return err
}

// summarize prints what --once has written.
func (d *daemon) summarize(t refresh.TargetStatus) {
	expiry := ""
	if !t.Expiry.IsZero() {
		expiry = "; expires " + t.Expiry.UTC().Format(time.RFC3339)
	}
	switch r := t.Report; {
	case t.Applied.IsZero():
	case r == nil:
		fmt.Fprintf(d.Stdout, "%s %s: up to date%s\n", t.Kind, t.Name, expiry)
	default:
		fmt.Fprintf(d.Stdout, "%s %s: up to date in %s, %d failed%s\n",
			t.Kind, t.Name, namespaces(r.Current), len(r.Failing), expiry)
	}
}

func namespaces(n int) string {
	if n == 1 {
		return "1 namespace"
	}
	return fmt.Sprintf("%d namespaces", n)
}

// addDefaultRegistry adds the registry of the AWS identity's account to rules without registries.
func (d *daemon) addDefaultRegistry(ctx context.Context, config *refreshconfig.Config) error {
	if config.DefaultRegistry == "" {
		return nil
	}
	r, err := d.aws(credentials.Identity{}).Default(ctx, config.DefaultRegistry)
	if err != nil {
		return fmt.Errorf("default registry: %w", err)
	}
	addLogin(config, r)
	return nil
}

// addLogin adds a registry to the rules without registries.
func addLogin(config *refreshconfig.Config, r registry.Registry) {
	for i := range config.Secrets {
		if rule := &config.Secrets[i]; len(rule.Logins) == 0 {
			rule.Logins = []refresh.Login{{Registry: r, Server: "https://" + r.Host}}
		}
	}
}

// dryRun prints what would be written where. It contacts the API server, but not AWS. The error joins one for each
// place that could not be written.
func (d *daemon) dryRun(ctx context.Context, config *refreshconfig.Config) error {
	if config.DefaultRegistry != "" {
		r, err := registry.Private("000000000000", config.DefaultRegistry) // the account is not known without AWS
		if err != nil {
			return err
		}
		addLogin(config, r)
	}
	g, err := d.build(config, nil)
	if err != nil {
		return err
	}
	g.use()
	out := bufio.NewWriter(d.Stdout)
	for _, f := range config.Files {
		fmt.Fprintln(out, describe(d.file(f), f))
	}
	var errs []error
	for _, s := range g.secrets {
		changes, err := s.Plan(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", s.Kind(), s.Name(), err))
		}
		for _, c := range changes {
			if c.Action == kubernetes.ActionFail {
				errs = append(errs, fmt.Errorf("%s %s: namespace %s: %s", s.Kind(), s.Name(), c.Namespace, c.Reason))
				continue
			}
			fmt.Fprintf(out, "%s %s: namespace %s: %s: %s\n", s.Kind(), s.Name(), c.Namespace, c.Action, c.Reason)
		}
	}
	return errors.Join(append(errs, out.Flush())...)
}

// describe returns a line about a file.
func describe(t refresh.Target, f refreshconfig.File) string {
	line := fmt.Sprintf("%s %s: password of %s; ", t.Kind(), t.Name(), f.Login.Registry)
	switch {
	case f.Mode != nil:
		line += fmt.Sprintf("mode %04o", f.Mode.Perm())
	case f.Legacy:
		line += "mode, owner and group of the existing file, or mode 0644"
	case f.DockerConfig:
		line += "mode, owner and group of the existing file, or mode 0600"
	default:
		line += "mode 0600"
	}
	if f.Owner+f.Group != "" {
		line += fmt.Sprintf(", owner %s, group %s", cmp.Or(f.Owner, "unchanged"), cmp.Or(f.Group, "unchanged"))
	}
	return line
}
