package e2e

import "ecrlogin/e2e/sandbox"

// composeVersion is the version of Docker Compose to build. Debian's package is older.
const composeVersion = "github.com/docker/compose/v2@v2.40.3"

// buildCompose builds Docker Compose, a plugin of Docker, in its own module, so that this module does not have its many
// dependencies.
func buildCompose(output string) error {
	dir, err := sandbox.ModuleDir(composeVersion)
	if err != nil {
		return err
	}
	return sandbox.GoBuild(dir, output, "./cmd")
}
