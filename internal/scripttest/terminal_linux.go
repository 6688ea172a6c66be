package scripttest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"ecrlogin/internal/ptytest"
)

// terminal runs its arguments as a command with a terminal as standard output, and prints what the terminal shows.
// Testscript's own ttyin and ttyout may lose output, because they stop reading when the command ends.
func terminal() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stderr = os.Stdin, os.Stderr
	err := ptytest.Show(cmd, os.Stdout)
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exited.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
