package setup

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/program"
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
	Backup string `json:"backup,omitempty"` // path of the backup, in the same directory; "" if there was no file
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
		f := recorded{Path: c.file.Target, Before: hash(c.file.Content), After: hash(c.after)}
		if c.file.Exists() {
			f.Backup = f.Path + "." + program.Helper + "-backup-" + id
		}
		rec.Files = append(rec.Files, f)
	}
	return rec, nil
}

// hash returns a SHA-256 in hexadecimal; "" for nil, the content of a missing file.
func hash(content []byte) string {
	if content == nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// save writes the record, and its directory, so that other users cannot access them.
func (rec *record) save() (err error) {
	defer func() {
		if err != nil {
			err = unusable(rec.path, "saved", err)
		}
	}()
	content, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	dir, err := atomicfile.MakePrivate(filepath.Dir(rec.path))
	if err != nil {
		return err
	}
	defer dir.Close()
	temp, err := atomicfile.CreateFinished(dir, ".", ".tmp", append(content, '\n'), 0o600, nil)
	if err != nil {
		return err
	}
	defer temp.Discard()
	return temp.Rename(filepath.Base(rec.path))
}

// unusable returns the error for a record, a backup or their directory that cannot be used.
func unusable(path, what string, err error) error {
	if unsafe, ok := errors.AsType[*atomicfile.UnsafeError](err); ok {
		if filepath.IsAbs(unsafe.Path) {
			path = unsafe.Path
		}
		return fmt.Errorf("%s: not used to undo changes, because it %s; correct its owner and mode, or move it away", path, unsafe.Reason)
	}
	return fmt.Errorf("%s: cannot be %s: %w; check the owner and mode of the directory, and whether the disk is full or read-only", path, what, atomicfile.Cause(err))
}
