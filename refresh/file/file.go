// Package file writes registry passwords to files: password files, and Docker configuration files. They are targets of
// package refresh.
//
// A file is replaced atomically, by a temporary file in the same directory, so that a reader gets either the previous
// or the new content. A link to the file stays a link.
//
// The directory may belong to another user, or be writable for other users, as a volume of several containers often is.
// Files are written with the rights of this process, and belong to its user unless another owner is set. Root follows
// no links of other users. The directory must exist, because it is usually a mounted volume: a file in a new directory
// beside a volume that is not mounted, or mounted at another path, would be found by no reader.
package file

import (
	"context"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"ecrlogin/internal/advice"
	"ecrlogin/refresh"
)

// Options describe a file.
type Options struct {
	Path  string // absolute, or relative to the working directory
	Login refresh.Login
	// Mode contains the permission bits. If it is nil, a password file has 0600. A Docker configuration file keeps its
	// mode, and a new one has 0600. Windows has no modes.
	Mode *fs.FileMode
	// Owner and Group are names or numbers. If they are "", a password file belongs to the user of this process, and
	// has the group that the system gives it, which is the group of the directory in a volume with an fsGroup. A Docker
	// configuration file keeps its owner and group. They must be "" on Windows.
	Owner, Group string
	// Legacy is for a password file of the configuration of the sidecar that this program replaces. Without Mode, an
	// existing file keeps its mode, owner and group, and a new file has 0644.
	Legacy bool
	Log    *slog.Logger // receives warnings, each once; nil discards them
}

// A target is what both kinds of files have in common.
type target struct {
	Options
	keep   bool          // whether an existing file keeps what is not set of its mode, owner and group
	turn   chan struct{} // contains an element while Apply writes
	warned sync.Map      // warnings that have been logged, by topic
}

func newTarget(o Options, keep bool) *target {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if path, err := filepath.Abs(o.Path); err == nil {
		o.Path = path
	}
	return &target{Options: o, keep: keep, turn: make(chan struct{}, 1)}
}

// Name returns the absolute path of the file.
func (t *target) Name() string { return t.Path }

// Logins returns the login of the file.
func (t *target) Logins() []refresh.Login { return []refresh.Login{t.Login} }

// warn logs a warning, unless one about the same topic has been logged for this target.
func (t *target) warn(topic, message string) {
	if _, done := t.warned.LoadOrStore(topic, true); !done {
		t.Log.Warn(message)
	}
}

// A render returns the new content of a file, given the current state.
type render func(credential refresh.Credential, now *state) ([]byte, error)

// grace is how long apply waits for the file system after the context is done.
const grace = 500 * time.Millisecond

// apply writes the file. It returns soon after the context is done, even if the file system does not respond, such as
// NFS without its server. The thread that waits for the file system then continues to wait, but does not replace the
// file.
func (t *target) apply(ctx context.Context, c []refresh.Credential, content render) error {
	credential, err := t.credential(c)
	if err != nil {
		return err
	}
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return t.stopped(ctx)
	}
	done := make(chan error, 1)
	go func() {
		err := t.at(func(w *writer) error { return w.write(ctx, credential, content) })
		<-t.turn
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return advice.Errorf("%s: not written: the file system does not respond", t.Path).
			Then("check the volume of %s", filepath.Dir(t.Path))
	}
}

// credential returns the credential of the login.
func (t *target) credential(all []refresh.Credential) (refresh.Credential, error) {
	for _, c := range all {
		if c.Login == t.Login && c.Token.Password != "" {
			return c, nil
		}
	}
	return refresh.Credential{}, advice.Errorf("%s: not written: there is no password of %s", t.Path, t.Login.Registry).
		Then("see the error of this login")
}

func (t *target) stopped(ctx context.Context) error {
	return advice.Errorf("%s: not written: %w", t.Path, context.Cause(ctx)).Then("it will be tried again")
}
