package file

import (
	"context"

	"ecrlogin/refresh"
)

// A Password is a file that contains a password and nothing else, not even a final newline, like the files of the
// sidecar that this program replaces.
// Source: refreshCredential in main.go of github.com/skuid/ecr-token-refresh.
type Password struct{ *target }

var _ refresh.Target = (*Password)(nil)

// NewPassword returns a password file.
func NewPassword(o Options) *Password { return &Password{newTarget(o, o.Legacy && o.Mode == nil)} }

// Kind returns "file".
func (*Password) Kind() string { return "file" }

// Apply writes the password if the file does not contain it or does not have the mode and owner that are set.
func (p *Password) Apply(ctx context.Context, c []refresh.Credential) error {
	return p.apply(ctx, c, password)
}

// Check returns the error that Apply would return, as far as it is known without writing.
func (p *Password) Check() error {
	return p.at(func(w *writer) error { return w.check(password) })
}

func password(c refresh.Credential, _ *state) ([]byte, error) { return []byte(c.Token.Password), nil }
