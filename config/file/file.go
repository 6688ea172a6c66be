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

// Read reads the first file that is there. None is no error, and the path is "" then, unless ECR_LOGIN_CONFIG names it.
// A file that is there and cannot be read is an error, and not a reason to take the next one. So is one of over a
// megabyte, and anything but a regular file or /dev/null.
func Read() (path string, content []byte, err error) {
	for _, path := range Places() {
		content, err := read(path)
		missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
		switch {
		case missing && os.Getenv(Variable) != "":
			return path, nil, fmt.Errorf("%s, which %s names, is not there; write it, or unset the variable", path, Variable)
		case missing:
			continue
		case err != nil:
			return path, nil, fmt.Errorf("the configuration cannot be read: %w", err)
		}
		return path, content, nil
	}
	return "", nil, nil
}

// read looks before it opens, so that a named pipe is not waited for.
func read(path string) ([]byte, error) {
	if path == os.DevNull {
		return nil, nil
	}
	info, err := os.Stat(path)
	switch {
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
