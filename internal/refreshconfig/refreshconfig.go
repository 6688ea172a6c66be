// Package refreshconfig reads the configuration of ecr-token-refresh: the file of the program, the file of the sidecar
// of the same name that it replaces, and the environment variables of k8s-ecr-login-renew.
package refreshconfig

import (
	"io/fs"
	"time"

	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
)

// A Config is a valid configuration. No two of its targets write to the same place.
type Config struct {
	Path     string        // the path of the file; "" for environment variables
	Interval time.Duration // how often targets are applied again, 1 second to 12 hours; 0 if Once
	Listen   string        // listen address of the HTTP server, such as ":3277"; "" for none
	Files    []File
	Secrets  []secret.Rule
	Lease    Lease
	Once     bool // apply everything once and exit: the environment variables of k8s-ecr-login-renew
	// DefaultRegistry is the AWS region whose default registry is added to each rule without Logins: the registry of
	// the account of the AWS identity. "" if every rule has Logins. The server of that login is https://HOST, as in
	// the Secrets of k8s-ecr-login-renew.
	DefaultRegistry string
}

// A File is a password file or a Docker configuration file.
type File struct {
	Path         string // absolute and clean
	Login        refresh.Login
	DockerConfig bool         // a config.json, in which the entry in "auths" is replaced, instead of a password file
	Mode         *fs.FileMode // permission bits, which include those of the owner to read; nil if not set
	Owner, Group string       // names or numbers; "" if not set
	// Legacy reports a password file in the form of the sidecar: an entry with registryId, region and passwordFile and
	// no other key. It keeps the mode and the owner of an existing file, and a new file can be read by all users,
	// because the readers of such files usually run as another user.
	Legacy bool
	Line   int // line number of the entry, from 1
}

// A Lease is the Lease object by which replicas elect a leader.
type Lease struct {
	Name      string // "ecr-token-refresh" by default
	Namespace string // "" for the namespace of the pod
	Disabled  bool   // no leader election, for a single replica
}

// Defaults of the configuration.
const (
	DefaultPath      = "/opt/config/ecr-token-refresh/config.yaml" // of the file itself, as for the sidecar
	defaultListen    = ":3277"                                     // the address of the sidecar
	DefaultLeaseName = "ecr-token-refresh"
)
