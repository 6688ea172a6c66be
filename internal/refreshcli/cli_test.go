package refreshcli

import (
	"errors"
	"fmt"
	"slices"
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

// TestLines checks that joined errors become one line each, and that other errors with several causes stay one line.
func TestLines(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b"), errors.New("c")
	tests := []struct {
		err  error
		want []string
	}{
		{a, []string{"a"}},
		{errors.Join(a), []string{"a"}},
		{errors.Join(a, errors.Join(b, c)), []string{"a", "b", "c"}},
		{errors.Join(errors.Join(a, nil), fmt.Errorf("%w: %w", b, c)), []string{"a", "b: c"}},
	}
	for _, tt := range tests {
		if got := lines(tt.err); !slices.Equal(got, tt.want) {
			t.Errorf("lines(%q) = %q, want %q", tt.err, got, tt.want)
		}
	}
}
