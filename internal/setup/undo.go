package setup

import (
	"fmt"
	"io"
	"os"

	"ecrlogin/internal/environ"
)

// Undo reverts the last run that has not been undone. If one of its files was changed since, Undo returns an error and
// changes nothing. With force it discards that change.
func Undo(env environ.Env, force bool, out io.Writer) error {
	rec, err := lastRecord(env)
	if err != nil {
		return err
	}
	if err := rec.restore(force); err != nil {
		return err
	}
	for _, f := range rec.Files {
		what := "restored"
		if _, err := os.Lstat(f.Path); err != nil {
			what = "no longer exists"
		}
		fmt.Fprintf(out, "%s: %s\n", what, f.Path)
	}
	fmt.Fprintf(out, "undone: %s\n", rec.Command)
	return nil
}
