// Package file finds and reads the file that holds the user's configuration. What is in it is package config's business;
// this part is apart because a hit of the cache needs the bytes, and must not wait for a YAML library to be initialised.
package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// Variable is the environment variable that names the file.
const Variable = "ECR_LOGIN_CONFIG"

// MaxSize limits the file, in bytes. A rule takes some hundred.
const MaxSize = 1 << 20

// Places returns where the file may be, in the order in which they are looked at: what ECR_LOGIN_CONFIG says and nothing
// else, or ecr-login/config.yaml below the user's configuration folder (XDG_CONFIG_HOME or ~/.config, ~/Library/Application
// Support, %AppData%), and then /etc/ecr-login/config.yaml (not on Windows, where anybody could have made that folder).
func Places() []string {
	if path := os.Getenv(Variable); path != "" {
		return []string{path}
	}
	var places []string
	if path := User(); path != "" {
		places = append(places, path)
	}
	if runtime.GOOS != "windows" {
		places = append(places, "/etc/ecr-login/config.yaml")
	}
	return places
}

// User returns the file of this user, whether or not it is there; "" for one without a HOME.
func User() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return dir + "/ecr-login/config.yaml"
}

// A File is the configuration file that was found. The zero File means that there is none.
type File struct {
	Path    string // "" if there is none
	Content []byte
	// Skipped is the path of the user's own file if this process may not search the directories above it, as in a container
	// that runs as another user than HOME belongs to. It counts as missing. "" otherwise.
	Skipped string
}

// Read reads the file that the flag --config names or, if flag is "", the first of Places that exists. It is no error if none
// of these exists, unless the flag or ECR_LOGIN_CONFIG names it. A file that exists and cannot be read is an error, and not a
// reason to read the next one. So is one of more than MaxSize, and anything but a regular file or /dev/null.
func Read(flag string) (File, error) {
	if flag != "" {
		return readNamed(flag, "--config", "leave --config out")
	}
	if path := os.Getenv(Variable); path != "" {
		return readNamed(path, Variable, "unset the variable")
	}
	return first(Places(), User())
}

// first reads the first of places that exists, of which one may be the user's.
func first(places []string, user string) (File, error) {
	var f File
	for _, path := range places {
		content, err := read(path)
		var unsearchable *searchError
		switch {
		case missing(err):
		case errors.As(err, &unsearchable) && path == user:
			f.Skipped = path
		case err != nil:
			return File{Path: path}, unreadable(err)
		default:
			f.Path, f.Content = path, content
			return f, nil
		}
	}
	return f, nil
}

// readNamed reads a file that must exist because something names it; otherwise is what else a user can do.
func readNamed(path, by, otherwise string) (File, error) {
	content, err := read(path)
	switch {
	case missing(err):
		return File{Path: path}, fmt.Errorf("%s does not exist, but %s names it; create it, or %s", path, by, otherwise)
	case err != nil:
		return File{Path: path}, unreadable(err)
	}
	return File{Path: path, Content: content}, nil
}

func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func unreadable(err error) error {
	return fmt.Errorf("the configuration cannot be read: %w", err)
}

// A searchError reports that this process may not search the directories above a file.
type searchError struct{ error }

func (e *searchError) Unwrap() error { return e.error }

// read looks before it opens, so that a named pipe is not waited for.
func read(path string) ([]byte, error) {
	if path == os.DevNull {
		return nil, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, &searchError{err}
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name a file in it", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > MaxSize:
		return nil, fmt.Errorf("%s has %d bytes, and a configuration may have %d at most", path, info.Size(), MaxSize)
	}
	return os.ReadFile(path)
}
