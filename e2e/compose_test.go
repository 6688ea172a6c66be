package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"

	"ecrlogin/e2e/sandbox"
)

// composeVersion is the version of Docker Compose to build. Debian's package is older.
const composeVersion = "github.com/docker/compose/v2@v2.40.3"

// buildCompose builds Docker Compose, a plugin of Docker, in its own module, so that this module does not have its many
// dependencies.
func buildCompose(output string) error {
	out, err := exec.Command("go", "mod", "download", "-json", composeVersion).Output()
	if err != nil {
		return fmt.Errorf("downloading %s: %w\n%s", composeVersion, err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return err
	}
	return sandbox.GoBuild(module.Dir, output, "./cmd")
}
