package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/atomicfile"
	"ecrlogin/refresh"
)

var credential = []refresh.Credential{{Token: credentials.Token{Username: "AWS", Password: "password"}}}

func contains(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s contains %q, %v; want %q", path, got, err, want)
	}
}

// TestHungFileSystem checks that Apply returns within a second if the file system hangs, and that it writes nothing
// after that.
func TestHungFileSystem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pass")
	p := NewPassword(Options{Path: path})
	ctx, cancel := context.WithCancel(t.Context())
	hung, respond := make(chan struct{}), make(chan struct{})
	var canceled time.Time
	go func() { <-hung; canceled = time.Now(); cancel() }()
	err := p.apply(ctx, credential, func(refresh.Credential, *state) ([]byte, error) {
		close(hung)
		<-respond
		return []byte("late"), nil
	})
	want := path + ": not written: the file system does not respond; check the volume of " + filepath.Dir(path)
	if took := time.Since(canceled); err == nil || err.Error() != want || took > time.Second {
		t.Errorf("got %v after %s, want %s", err, took, want)
	}
	// Meanwhile, there is no second thread that hangs.
	if err := p.Apply(ctx, credential); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(respond)
	if err := p.Apply(t.Context(), credential); err != nil {
		t.Fatal(err)
	}
	contains(t, path, "password")
}

// TestChangedMeanwhile checks that a change of another program between reading and replacing a Docker configuration is
// not lost.
func TestChangedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	for name, content := range map[string]string{"existing": `{}`, "new": ""} {
		t.Run(name, func(t *testing.T) {
			os.Remove(path)
			if content != "" {
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d := NewDockerConfig(Options{Path: path, Login: refresh.Login{Server: "a"}})
			c := []refresh.Credential{{Login: d.Login, Token: credential[0].Token}}
			times := 0
			change := func(c refresh.Credential, now *state) ([]byte, error) {
				if times++; times <= 3 {
					if err := os.WriteFile(path, fmt.Appendf(nil, `{"x": %d}`, times), 0o600); err != nil {
						t.Error(err)
					}
				}
				return d.merge(c, now)
			}
			if err := d.apply(t.Context(), c, change); err != nil {
				t.Fatal(err)
			}
			contains(t, path, `{"x": 3, "auths": {"a": {"auth": "QVdTOnBhc3N3b3Jk"}}}`)
			times = -1000
			err := d.apply(t.Context(), c, func(_ refresh.Credential, now *state) ([]byte, error) {
				times++
				return fmt.Appendf(nil, `{"x": %d}`, times), os.WriteFile(path, fmt.Appendf(nil, `{"y": %d}`, times), 0o600)
			})
			want := path + ": not written: another process keeps changing the file; check which program writes it"
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
			contains(t, path, fmt.Sprintf(`{"y": %d}`, times))
		})
	}
}

// TestSweepOfOthers checks that processes which remove abandoned files do not disturb a process that writes.
func TestSweepOfOthers(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if err := atomicfile.RemoveAbandoned(root, ".pass.ecr-token-refresh-", ""); err != nil {
				t.Error(err)
			}
		}
	}()
	p := NewPassword(Options{Path: filepath.Join(dir, "pass")})
	for i := range 100 {
		password := strings.Repeat("x", i+1)
		c := refresh.Credential{Token: credentials.Token{Password: password}}
		if err := p.Apply(t.Context(), []refresh.Credential{c}); err != nil {
			t.Error(err)
		}
		contains(t, p.Path, password)
	}
	close(stop)
	<-stopped
}
