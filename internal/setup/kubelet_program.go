package setup

import (
	"path/filepath"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/install"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
)

// program returns the provider to install. It returns an error if the existing file must not be replaced.
//
// The provider is a copy of this program rather than a link, because the kubelet's mount namespace may contain only
// that directory, and updates of the Docker credential helper should not affect the node.
func (n Node) program() (*install.Copy, error) {
	c, err := install.Prepare(filepath.Join(n.BinDir, kubeletconfig.ProgramName(program.Provider)))
	switch {
	case err != nil:
		return nil, err
	case c.Unsafe != nil: // also with Replace, because the kubelet would run the program from an unsafe directory
		return nil, advice.Errorf("%s: not run to check its version, and no files were written: %w", c.Path, c.Unsafe)
	case !c.Other:
		return c, nil
	case n.Replace:
		return c, c.KeepBackup()
	}
	return nil, advice.Errorf("%s: is another program, such as the provider included with clusters on AWS; no files were written", c.Path).
		Then("specify another directory with --bin-dir, if no other provider is in use, or replace the program: --replace")
}

// install copies the program.
func (r *Request) install(c *install.Copy) error {
	r.printf("%s", c)
	if r.DryRun {
		return nil
	}
	return c.Write()
}
