package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/userfile"
)

// A record contains the data to undo a run. It is stored as UTC-TIME.json in the directory undo, in the directory of
// our own configuration. Other users cannot write there. The previous content of each file is stored in a backup
// beside that file, with the same permissions.
type record struct {
	path    string
	Command string     `json:"command"`
	Files   []recorded `json:"files"`
}

// A recorded file is a file that the run changed.
type recorded struct {
	Path   string `json:"path"`             // with all links resolved
	Backup string `json:"backup,omitempty"` // path of the backup; "" if there was no file
	Before string `json:"before"`           // SHA-256 in hexadecimal; "" for no file
	After  string `json:"after"`
}

// recordsDir returns the directory of this user's records, whichever configuration is in effect. If root's home
// directory belongs to another user, it is systemRecords, because that user could write records for root to undo.
func recordsDir(env environ.Env) (string, error) {
	dir := homeRecords(env)
	switch {
	case dir == "":
		return "", errors.New("cannot determine the directory for undo records; set HOME")
	case atomicfile.Foreign(filepath.Dir(dir)):
		return systemRecords, nil
	}
	return dir, nil
}

// systemRecords is a variable for tests.
var systemRecords = "/var/lib/ecr-login/undo"

// homeRecords returns the directory of records in the user's configuration directory; "" without a HOME.
func homeRecords(env environ.Env) string {
	user := configpath.User(env)
	if user == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(user), "undo")
}

const (
	recordSuffix = ".json"
	recordTime   = "20060102T150405Z"
)

// newRecord returns the record of a run before it writes files. Its name sorts after all existing names.
func newRecord(env environ.Env, command string, now time.Time, changes []*change) (*record, error) {
	dir, err := recordsDir(env)
	if err != nil {
		return nil, err
	}
	id := now.Format(recordTime)
	for n := 2; ; n++ {
		if _, err := os.Lstat(filepath.Join(dir, id+recordSuffix)); errors.Is(err, fs.ErrNotExist) {
			break
		}
		id = fmt.Sprintf("%s-%02d", now.Format(recordTime), n)
	}
	rec := &record{path: filepath.Join(dir, id+recordSuffix), Command: command}
	for _, c := range changes {
		f := recorded{Path: c.file.Target, Before: sum(c.file), After: hash(c.after)}
		if c.file.Exists() {
			f.Backup = backupOf(c.file.Target, id)
		}
		rec.Files = append(rec.Files, f)
	}
	return rec, nil
}

func sum(f *userfile.File) string {
	if !f.Exists() {
		return ""
	}
	return hash(f.Content)
}

func hash(content []byte) string {
	h := sha256.Sum256(content)
	return hex.EncodeToString(h[:])
}

func (rec *record) save() error {
	content, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	dir, err := atomicfile.MakePrivate(filepath.Dir(rec.path))
	if err != nil {
		return unusable(rec.path, "saved", err)
	}
	defer dir.Close()
	temp, err := atomicfile.Create(dir, ".", ".tmp")
	if err != nil {
		return unusable(rec.path, "saved", err)
	}
	defer temp.Discard()
	_, err = temp.Write(append(content, '\n'))
	if err := errors.Join(err, temp.Finish(0o600, nil), temp.Rename(filepath.Base(rec.path))); err != nil {
		return unusable(rec.path, "saved", err)
	}
	return nil
}

// unusable returns the error for a record, a backup or their directory that cannot be used.
func unusable(path, what string, err error) error {
	var unsafe *atomicfile.UnsafeError
	if errors.As(err, &unsafe) {
		if filepath.IsAbs(unsafe.Path) {
			path = unsafe.Path
		}
		return fmt.Errorf("%s: not used to undo changes, because it %s; correct its owner and mode, or move it away", path, unsafe.Reason)
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err // without the path
	}
	return fmt.Errorf("%s: cannot be %s: %w; check the owner and mode of the directory, and whether the disk is full or read-only", path, what, err)
}

// lastRecord reads the newest record.
func lastRecord(env environ.Env) (*record, error) {
	path, err := recordsDir(env)
	if err != nil {
		return nil, err
	}
	dir, err := atomicfile.OpenPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nothing(env, path)
	}
	if err != nil {
		return nil, unusable(path, "read", err)
	}
	defer dir.Close()
	name, err := newest(dir)
	if err != nil {
		return nil, unusable(path, "read", err)
	}
	if name == "" {
		return nil, nothing(env, path)
	}
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

// newest returns the name of the newest record; "" if there is none.
func newest(dir *os.Root) (name string, err error) {
	d, err := dir.Open(".")
	if err != nil {
		return "", err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), recordSuffix) && e.Type().IsRegular() && recordID(e.Name()) > recordID(name) {
			name = e.Name()
		}
	}
	return name, err
}

// recordID returns the part of a record's name to sort by. With the suffix, the second record of a second would sort
// before the first.
func recordID(name string) string { return strings.TrimSuffix(name, recordSuffix) }

// nothing returns the error for a missing record. Root does not use records that another user could have written.
func nothing(env environ.Env, dir string) error {
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
	var all []*userfile.File
	for _, f := range rec.Files {
		now, err := userfile.Read(f.Path)
		if err != nil {
			return err
		}
		if !force && !f.untouched(now) {
			return fmt.Errorf("%s: changed since %q; nothing was undone; to restore the previous content and discard that change, add --force", f.Path, rec.Command)
		}
		all = append(all, now)
	}
	for i, f := range rec.Files {
		if sum(all[i]) == f.Before || f.vanished(all[i]) {
			continue
		}
		if err := f.putBack(all[i]); err != nil {
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

// untouched reports whether the file has not been changed since the run.
func (f recorded) untouched(now *userfile.File) bool {
	s := sum(now)
	return s == f.Before || s == f.After || f.vanished(now)
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
	case sum(backup) != f.Before:
		return fmt.Errorf("%s: the backup %s is missing or was changed; restore the file manually", f.Path, f.Backup)
	}
	if !now.Exists() {
		return backup.Backup(f.Path) // also restores mode and owner
	}
	return now.Replace(backup.Content)
}
