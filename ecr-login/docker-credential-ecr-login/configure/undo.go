package configure

import (
	"fmt"
	"io"
	"os"
)

// Undo puts back what the last run that is not undone yet has changed. It refuses, and does nothing, if one of the files was
// edited since; with force it loses that edit.
func Undo(force bool, out io.Writer) error {
	rec, err := lastRecord()
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
