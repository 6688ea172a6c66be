package cli_test

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ecrlogin/internal/cli"
)

// TestEveryCommandHasAnExample checks that every command has a short description and an example.
func TestEveryCommandHasAnExample(t *testing.T) {
	n := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		n++
		if c.Short == "" || !strings.Contains(c.Example, "docker-credential-ecr-login") {
			t.Errorf("%s: short %q, example %q", c.CommandPath(), c.Short, c.Example)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(new(cli.Program).Root())
	if n < 10 {
		t.Errorf("only %d commands were found", n)
	}
}
