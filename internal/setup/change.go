package setup

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"time"

	"ecrlogin/internal/program"
	"ecrlogin/internal/userfile"
)

// A change is the change of one file in a run.
type change struct {
	file  *userfile.File
	after []byte // new content
	diff  string // shown to the user, without secrets
}

// apply shows the changes and writes all of them. If one fails, it reverts the others.
func (r *Request) apply(command string, changes ...*change) error {
	var real []*change
	for _, c := range changes {
		if !bytes.Equal(c.file.Content, c.after) {
			real = append(real, c)
			fmt.Fprint(r.Out, c.diff)
		}
	}
	switch {
	case len(real) == 0:
		r.printf("nothing to change")
		return nil
	case r.DryRun:
		r.printf("dry run: no files written")
		return nil
	}
	rec, err := newRecord(r.Env, command, cmp.Or(r.Time, time.Now()).UTC(), real)
	if err != nil {
		return err
	}
	if err := write(rec, real); err != nil {
		return err
	}
	for _, c := range real {
		r.printf("written: %s", c.file.Path)
	}
	r.printf("to undo: %s configure undo", program.Command)
	return nil
}

// write saves the record, then backs up and writes each file. If one fails, it restores the files written before.
func write(rec *record, changes []*change) error {
	if err := rec.save(); err != nil {
		return err
	}
	for i, c := range changes {
		if err := c.write(rec.Files[i].Backup); err != nil {
			rec.Files = rec.Files[:i]
			return errors.Join(err, rec.restore(false))
		}
	}
	return nil
}

// write backs up the file, unless backup is "", and writes it. If it fails, it leaves no backup.
func (c *change) write(backup string) error {
	if backup == "" {
		return c.file.Replace(c.after)
	}
	if err := c.file.Backup(backup); err != nil {
		return err
	}
	err := c.file.Replace(c.after)
	if err != nil {
		_ = userfile.Remove(backup)
	}
	return err
}
