// Package refresh keeps registry passwords up to date in places from which other software reads them, such as files and
// the Secrets of a Kubernetes cluster.
//
// A Refresher rotates a token at about half of its life. It applies the tokens to each Target after a rotation and
// again at each interval, which restores what others changed or deleted.
package refresh

import (
	"cmp"
	"context"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// A Login is a registry and the AWS identity whose password clients get for it. Logins are comparable.
type Login struct {
	Registry registry.Registry
	Identity credentials.Identity // zero for the default of the AWS SDK
	// Server is the registry in the notation of the client's configuration, such as the key in "auths": the host, or a
	// URL with that host. "" means the host.
	Server string
}

// Key returns the key of the login in the client's configuration: Server, or the host.
func (l Login) Key() string { return cmp.Or(l.Server, l.Registry.Host) }

// A Credential is a Login and a valid token for it. Printing it never shows the password.
type Credential struct {
	Login Login
	Token credentials.Token
}

// A Target is a place, or several of the same form, that contains the passwords of one or more logins.
//
// Its methods are safe for concurrent use, but a Refresher never calls Apply concurrently with itself.
type Target interface {
	// Kind is the form of the target for metrics and the status, such as "file". It has no spaces.
	Kind() string
	// Name identifies the target among all targets of its kind, for logs and the status: the path of a file, for
	// example.
	Name() string
	// Logins returns the logins whose passwords the target contains. They never change, and there is at least one.
	Logins() []Login
	// Apply writes the passwords and returns after that. The credentials are those of Logins that have a valid token,
	// in the order of Logins, and at least one. Apply is called with the same credentials again to restore what others
	// changed. If the content is unchanged, it writes nothing. It writes everything or nothing in each place, and does
	// not write after ctx is done. The error is one line with a next step and without secrets. The Refresher then tries
	// again.
	Apply(ctx context.Context, c []Credential) error
}

// A Reporter is a Target that consists of several places, each of which succeeds or fails alone. Its Apply returns
// after each place was tried, and returns an error only if none could be tried. The Reporter retries the places itself.
type Reporter interface {
	Target
	Report() Report
}

// A Report is the state of the places of a Reporter.
type Report struct {
	Current int       // places that contain the passwords of the last Apply
	Pending int       // places that were not tried since then
	Failing []Failure // sorted by Place
	Standby bool      // another replica writes to the places, so that they are not counted
}

// A Failure reports why a place could not be written.
type Failure struct {
	Place string // "namespace team-a", for example
	Error string // one line with a next step, without secrets
}
