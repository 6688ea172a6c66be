package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/userfile"
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
			what = "removed"
		}
		fmt.Fprintf(out, "%s: %s\n", what, f.Path)
	}
	fmt.Fprintf(out, "undone: %s\n", rec.Command)
	return nil
}

// lastRecord reads the newest record.
func lastRecord(env environ.Env) (*record, error) {
	path, err := recordsDir(env)
	if err != nil {
		return nil, err
	}
	dir, err := atomicfile.OpenPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nothingToUndo(env, path)
	}
	if err != nil {
		return nil, unusable(path, "read", err)
	}
	defer dir.Close()
	switch name, err := newest(dir); {
	case err != nil:
		return nil, unusable(path, "read", err)
	case name == "":
		return nil, nothingToUndo(env, path)
	default:
		return readRecord(dir, path, name)
	}
}

// newest returns the name of the newest record; "" if there is none.
func newest(dir *os.Root) (name string, err error) {
	// With the suffix, the second record of a second would sort before the first.
	id := func(name string) string { return strings.TrimSuffix(name, recordSuffix) }
	entries, err := fs.ReadDir(dir.FS(), ".")
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), recordSuffix) && e.Type().IsRegular() && id(e.Name()) > id(name) {
			name = e.Name()
		}
	}
	return name, err
}

func readRecord(dir *os.Root, path, name string) (*record, error) {
	rec := &record{path: filepath.Join(path, name)}
	content, err := atomicfile.ReadPrivate(dir, name, userfile.MaxSize)
	if err != nil {
		return nil, unusable(rec.path, "read", err)
	}
	if err := json.Unmarshal(content, rec); err != nil || len(rec.Files) == 0 {
		return nil, fmt.Errorf("%s: invalid undo record; move it away to undo the previous run", rec.path)
	}
	return rec, nil
}

// nothingToUndo returns the error for a missing record. Root does not use records that another user could have written.
func nothingToUndo(env environ.Env, dir string) error {
	if home := homeRecords(env); home != dir {
		if _, err := os.Lstat(home); err == nil {
			return fmt.Errorf("nothing to undo for root; %s belongs to another user: to undo the runs recorded there, run this command as that user", home)
		}
	}
	return errors.New("nothing to undo")
}

// restore restores the files and removes the record. It skips files that already have their previous content. If a
// file was changed after the run, restore returns an error and changes nothing, except with force.
func (rec *record) restore(force bool) error {
	files := make([]*userfile.File, len(rec.Files)) // nil if there is nothing to restore
	for i, f := range rec.Files {
		now, err := userfile.Read(f.Path)
		if err != nil {
			return err
		}
		switch content := hash(now.Content); {
		case content == f.Before, f.vanished(now):
		case content == f.After, force:
			files[i] = now
		default:
			return fmt.Errorf("%s: changed since %q; nothing was undone; to restore the previous content and discard that change, add --force", f.Path, rec.Command)
		}
	}
	for i, now := range files {
		if now == nil {
			continue
		}
		if err := rec.Files[i].putBack(now); err != nil {
			return err
		}
	}
	for _, f := range rec.Files {
		if f.Backup != "" {
			_ = userfile.Remove(f.Backup) // an extra backup does no harm
		}
	}
	return userfile.Remove(rec.path)
}

// vanished reports whether both the file and its backup are missing. Podman's files in the runtime directory are lost
// at shutdown.
func (f recorded) vanished(now *userfile.File) bool {
	_, err := os.Lstat(f.Backup)
	return f.Backup != "" && !now.Exists() && errors.Is(err, fs.ErrNotExist)
}

func (f recorded) putBack(now *userfile.File) error {
	if f.Backup == "" {
		return now.Remove()
	}
	backup, err := userfile.Read(f.Backup)
	switch {
	case err != nil:
		return err
	case backup.Unsafe() != nil:
		return unusable(f.Backup, "read", backup.Unsafe())
	case hash(backup.Content) != f.Before:
		return fmt.Errorf("%s: the backup %s is missing or was changed; restore the file manually", f.Path, f.Backup)
	}
	if !now.Exists() {
		return backup.Backup(f.Path) // also restores mode and owner
	}
	return now.Replace(backup.Content)
}
