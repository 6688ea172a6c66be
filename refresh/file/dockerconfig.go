package file

import (
	"context"
	"errors"
	"fmt"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/userfile"
	"ecrlogin/refresh"
)

// A DockerConfig is an entry in "auths" of a Docker configuration file, config.json. Everything else in the file is
// preserved byte for byte. Several of them may have the same path.
type DockerConfig struct{ *target }

var _ refresh.Target = (*DockerConfig)(nil)

// NewDockerConfig returns the entry of a login. Its key is that of the login.
func NewDockerConfig(o Options) *DockerConfig { return &DockerConfig{newTarget(o, true)} }

// Kind returns "docker-config".
func (*DockerConfig) Kind() string { return "docker-config" }

// Name returns the absolute path of the file and the key of the entry.
func (d *DockerConfig) Name() string { return d.Path + " " + d.Login.Key() }

// Apply writes the entry if the file does not contain it or does not have the mode and owner that are set. It writes
// nothing if the file is not a valid configuration.
func (d *DockerConfig) Apply(ctx context.Context, c []refresh.Credential) error {
	return d.apply(ctx, c, d.merge)
}

// Check returns the error that Apply would return, as far as it is known without writing.
func (d *DockerConfig) Check() error {
	return d.at(func(w *writer) error { return w.check(d.merge) })
}

// merge returns the content of the file with the entry.
func (d *DockerConfig) merge(c refresh.Credential, now *state) ([]byte, error) {
	switch unsafe := new(atomicfile.UnsafeError); {
	case errors.As(now.unread, &unsafe):
		return nil, unsafe
	case now.unread != nil:
		return nil, advice.Errorf("%s: cannot be read, so nothing was written: %w", d.Path, atomicfile.Cause(now.unread)).
			Then("check its owner and mode")
	case len(now.content) > userfile.MaxSize:
		return nil, advice.Errorf("%s: too large for a configuration (limit %d bytes)", d.Path, userfile.MaxSize).
			Then("check its contents")
	}
	f, err := dockerconfig.Parse(d.Path, now.content)
	if err != nil {
		return nil, err
	}
	host := d.Login.Registry.Host
	if helper, key := f.HelperOf(host); helper != "" {
		d.warn("helper", fmt.Sprintf(`%s: Docker ignores the password of %s, because %q configures the helper %q; remove it`,
			d.Path, host, key, helper))
	}
	f.SetLogin(d.Login.Key(), c.Token.Username, c.Token.Password)
	return f.Bytes(), nil
}
