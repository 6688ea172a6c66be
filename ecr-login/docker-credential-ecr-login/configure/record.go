package configure

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ecrlogin/config/file"
	"ecrlogin/credentials/docker/configfile/textfile"
)

// A record is what is kept of a run so that it can be undone: a file UTC-TIME.json in the folder undo beside our own
// configuration. What the files held is not in it but in copies beside them, which have the same readers.
type record struct {
	path    string
	Command string     `json:"command"`
	Files   []recorded `json:"files"`
}

// A recorded file is one that the run has changed.
type recorded struct {
	Path   string `json:"path"`             // behind all links
	Backup string `json:"backup,omitempty"` // the copy; "" if there was no file
	Before string `json:"before"`           // SHA-256 in hexadecimal; "" for no file
	After  string `json:"after"`
}

// recordsDir is for this user alone, be the configuration in effect whose it may.
func recordsDir() (string, error) {
	user := file.User()
	if user == "" {
		return "", errors.New("there is no place to keep what was there before; set HOME")
	}
	return filepath.Join(filepath.Dir(user), "undo"), nil
}

const (
	recordSuffix = ".json"
	recordTime   = "20060102T150405Z"
)

// newRecord makes the record of a run that is about to be made, with a name that comes after all others'.
func newRecord(command string, now time.Time, changes []*change) (*record, error) {
	dir, err := recordsDir()
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

func sum(f *textfile.File) string {
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
	f, err := textfile.Read(rec.path)
	if err != nil {
		return err
	}
	return f.Replace(append(content, '\n'))
}

// lastRecord reads the newest record.
func lastRecord() (*record, error) {
	dir, err := recordsDir()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: cannot be read: %w; see who owns it", dir, err)
	}
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), recordSuffix); ok && e.Type().IsRegular() {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("there is nothing to undo")
	}
	rec := &record{path: filepath.Join(dir, slices.Max(ids)+recordSuffix)}
	f, err := textfile.Read(rec.path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(f.Content, rec); err != nil || len(rec.Files) == 0 {
		return nil, fmt.Errorf("%s: is not what a run leaves there; move it away to undo the run before", rec.path)
	}
	return rec, nil
}

// restore puts back what the files held, and forgets the run. Those that hold it already are left alone; those that hold
// neither that nor what the run wrote are an error, upon which nothing is done, but with force.
func (rec *record) restore(force bool) error {
	var all []*textfile.File
	for _, f := range rec.Files {
		now, err := textfile.Read(f.Path)
		if err != nil {
			return err
		}
		if !force && !f.untouched(now) {
			return fmt.Errorf("%s: was edited since %q; nothing was undone; to put back what was there before and lose that edit, add --force", f.Path, rec.Command)
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
			_ = os.Remove(f.Backup) // a copy too many does no harm
		}
	}
	return os.Remove(rec.path)
}

// untouched reports whether nobody else has changed the file.
func (f recorded) untouched(now *textfile.File) bool {
	s := sum(now)
	return s == f.Before || s == f.After || f.vanished(now)
}

// vanished reports whether the file is gone together with its copy, as those of Podman are that the machine forgets when it
// stops.
func (f recorded) vanished(now *textfile.File) bool {
	_, err := os.Lstat(f.Backup)
	return f.Backup != "" && !now.Exists() && errors.Is(err, fs.ErrNotExist)
}

func (f recorded) putBack(now *textfile.File) error {
	if f.Backup == "" {
		return now.Remove()
	}
	backup, err := textfile.Read(f.Backup)
	switch {
	case err != nil:
		return err
	case sum(backup) != f.Before:
		return fmt.Errorf("%s: the copy of it, %s, is gone or was edited; put back by hand what there should be", f.Path, f.Backup)
	}
	if !now.Exists() {
		return backup.Backup(f.Path) // which brings mode and owner back too
	}
	return now.Replace(backup.Content)
}
