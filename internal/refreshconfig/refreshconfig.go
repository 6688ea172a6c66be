// Package refreshconfig reads the configuration of ecr-token-refresh: the file of the program, the file of the sidecar
// of the same name that it replaces, and the environment variables of k8s-ecr-login-renew.
package refreshconfig

import (
	"io/fs"
	"time"

	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes"
)

// A Config is a valid configuration. No two of its targets write to the same place.
type Config struct {
	Path     string        // the path of the file; "" for environment variables
	Interval time.Duration // how often targets are applied again
	Listen   string        // listen address of the HTTP server, such as ":3277"; "" for none
	Files    []File
	Secrets  []kubernetes.Rule
	Once     bool // apply everything once and exit: the environment variables of k8s-ecr-login-renew
	// DefaultRegistry is the AWS region whose default registry is added to each rule without Logins: the registry of the
	// account of the AWS identity. "" if every rule has Logins.
	DefaultRegistry string
}

// A File is a password file or a Docker configuration file.
type File struct {
	Path         string
	Login        refresh.Login
	DockerConfig bool         // a config.json, in which the entry in "auths" is replaced, instead of a password file
	Mode         *fs.FileMode // permission bits; nil if not set
	Owner, Group string       // names or numbers; "" if not set
	// Legacy reports an entry with registryId and without mode. It keeps the mode and the owner of an existing file, and
	// a new file can be read by all users, because the readers of such files usually run as another user.
	Legacy bool
	Line   int // line number in the file, from 1
}
