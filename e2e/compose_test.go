package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
)

// composeVersion is what is built of Docker Compose, which Debian has in an older form only.
const composeVersion = "github.com/docker/compose/v2@v2.40.3"

// buildCompose builds Compose, which is a plugin of Docker's, from the dependencies that it
// names itself: they are too many to be ours.
func buildCompose(output string) error {
	out, err := exec.Command("go", "mod", "download", "-json", composeVersion).Output()
	if err != nil {
		return fmt.Errorf("fetching %s: %w\n%s", composeVersion, err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return err
	}
	return goBuild(module.Dir, output, "./cmd")
}
