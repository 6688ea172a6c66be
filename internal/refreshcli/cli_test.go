package refreshcli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryCommandHasAnExample checks that every command has a short description and an example.
func TestEveryCommandHasAnExample(t *testing.T) {
	n := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		n++
		if c.Short == "" || !strings.Contains(c.Example, "ecr-token-refresh") {
			t.Errorf("%s: short %q, example %q", c.CommandPath(), c.Short, c.Example)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(new(Program).Root())
	if n < 5 {
		t.Errorf("only %d commands were found", n)
	}
}
