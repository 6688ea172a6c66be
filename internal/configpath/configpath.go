// Package configpath finds and reads the user's configuration file. Package config parses it. The packages are separate
// because a cache hit needs the content of the file, and must not wait for the initialization of a YAML library.
package configpath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/program"
	"ecrlogin/internal/rawfile"
)

// Variable is the environment variable that names the file.
const Variable = "ECR_LOGIN_CONFIG"

// MaxSize is the maximum size of the file, in bytes. A rule takes a few hundred.
const MaxSize = 1 << 20

// Places returns the paths that are searched for the file, in order. If ECR_LOGIN_CONFIG is set, it is the only one.
// Otherwise they are ecr-login/config.yaml in the user's configuration directory (XDG_CONFIG_HOME or ~/.config,
// ~/Library/Application Support, %AppData%), and /etc/ecr-login/config.yaml (not on Windows, where any user can
// create that directory).
func Places(env environ.Env) []string {
	if path := env.Get(Variable); path != "" {
		return []string{path}
	}
	var places []string
	if path := User(env); path != "" {
		places = append(places, path)
	}
	if runtime.GOOS != "windows" {
		places = append(places, program.SystemConfig)
	}
	return places
}

// User returns the path of the user's own file, which may not exist, or "" if there is no configuration directory.
func User(env environ.Env) string {
	dir := env.ConfigDir()
	if dir == "" {
		return ""
	}
	return dir + "/" + program.ConfigFile
}

// A File is the configuration file that was found. The zero File means that there is none.
type File struct {
	Path    string // "" if there is none
	Content []byte
	// Skipped is the path of the user's own file if it is treated as missing because this process may not search the
	// directories above it, as in a container that does not run as the owner of HOME. "" otherwise.
	Skipped string
}

// Read reads the file flag, which is the value of --config, or the first of Places that exists if flag is "". It is
// not an error if none of these exists, unless the flag or ECR_LOGIN_CONFIG names it. A file that exists but cannot
// be read, is larger than MaxSize, or is neither a regular file nor /dev/null, is an error, and so is a symbolic link to
// a missing file; the next path is not tried.
func Read(env environ.Env, flag string) (File, error) {
	path, source, otherwise := flag, "--config", "omit --config"
	if path == "" {
		path, source, otherwise = env.Get(Variable), Variable, "unset the variable"
	}
	if path == "" {
		return first(Places(env), User(env))
	}
	f, err := first([]string{path}, "")
	if err == nil && f.Path == "" {
		err = advice.Errorf("%s does not exist, but %s names it", path, source).Then("create it, or %s", otherwise)
	}
	return f, err
}

// first reads the first of places that exists; user is the path of the user's own file.
func first(places []string, user string) (File, error) {
	var f File
	for _, path := range places {
		content, err := ReadFile(path)
		var unsearchable *searchError
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		case errors.As(err, &unsearchable) && path == user:
			f.Skipped = path
		case err != nil:
			return File{Path: path}, fmt.Errorf("the configuration cannot be read: %w", err)
		default:
			f.Path, f.Content = path, content
			return f, nil
		}
	}
	return f, nil
}

// A searchError reports that this process may not search the directories above a file.
type searchError struct{ error }

func (e *searchError) Unwrap() error { return e.error }

// ReadFile reads a file that is a regular file of at most MaxSize bytes, or /dev/null. It checks the type of the file
// first, since opening a named pipe would block.
func ReadFile(path string) ([]byte, error) {
	if path == os.DevNull {
		return nil, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, &searchError{err}
	case errors.Is(err, fs.ErrNotExist):
		if target, linkErr := os.Readlink(path); linkErr == nil {
			return nil, advice.Errorf("%s is a symbolic link to %s, which does not exist", path, target).
				Then("create that file, or remove the link")
		}
		return nil, err
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, advice.Errorf("%s is a directory", path).Then("specify a file in it")
	case !info.Mode().IsRegular():
		return nil, advice.Errorf("%s is not a regular file", path).Then("specify a regular file")
	case info.Size() > MaxSize:
		return nil, advice.Errorf("%s has %d bytes, more than the limit of %d", path, info.Size(), MaxSize).
			Then("shorten it")
	}
	return rawfile.Read(path)
}
