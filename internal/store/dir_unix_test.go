//go:build unix

package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/swaptest"
)

func TestDir(t *testing.T) {
	own := t.TempDir()
	account := environ.Env{}.UserHome()
	system := ""
	if os.Geteuid() == 0 {
		system = "/var/cache/ecr-login"
	}
	tests := map[string]struct{ home, dir, xdg, want string }{
		"variable":                     {own, "/x/y", "", "/x/y"},
		"relative variable":            {own, "x/y", "", "x/y"},
		"home directory":               {own, "~/x/y", "", own + "/x/y"},
		"home directory of the system": {"", "~/x", "", account + "/x"},
		"another's home directory":     {own, "~root/x", "", "~root/x"},
		"no home directory":            {"", "", "", system},
		"relative XDG_CACHE_HOME":      {own, "", "relative", system},
	}
	if os.Geteuid() == 0 {
		a := swaptest.New(t)
		tests["root in another user's home"] = struct{ home, dir, xdg, want string }{a.Home, "", "", "/var/cache/ecr-login"}
		tests["root below another user's home"] = struct{ home, dir, xdg, want string }{a.Home + "/none", "", "", "/var/cache/ecr-login"}
		tests["root that names it"] = struct{ home, dir, xdg, want string }{a.Home, "~/x", "", a.Home + "/x"}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := environ.Env{"HOME=" + tt.home, "AWS_ECR_CACHE_DIR=" + tt.dir, "XDG_CACHE_HOME=" + tt.xdg}
			if tt.xdg != "" && env.CacheDir() != "" {
				t.Skip("only Linux uses XDG_CACHE_HOME")
			}
			if got := Dir(env, ""); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := Dir(env, "/configured"); tt.dir != "" && got != tt.want || tt.dir == "" && got != "/configured" {
				t.Errorf("with a configured directory: got %q, want %q", got, tt.want)
			}
			if got := Dir(env.With("AWS_ECR_CACHE_DIR", ""), tt.dir); got != tt.want {
				t.Errorf("from the configuration: got %q, want %q", got, tt.want)
			}
		})
	}
}

// Files that root writes to a cache in a directory in which others can replace links are not redirected.
func TestStoreOfRootIsNotRedirected(t *testing.T) {
	for name, attack := range map[string]func(a *swaptest.Arena, public string){
		"directory": func(a *swaptest.Arena, public string) { a.Attack(swaptest.Swapped, public, "cache", a.Dir) },
		"missing":   func(a *swaptest.Arena, public string) { a.Attack(swaptest.Missing, public, "cache", a.Dir) },
	} {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			public := filepath.Join(filepath.Dir(a.Home), "public")
			if err := os.Mkdir(public, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(public, 0o777); err != nil {
				t.Fatal(err)
			}
			attack(a, public)
			saved := 0
			a.Survive(2000, time.Second, func(n int) {
				if name == "missing" {
					os.RemoveAll(filepath.Join(public, "cache"))
				}
				s, err := Create(filepath.Join(public, "cache"), nil)
				if err != nil {
					return
				}
				defer s.Close()
				if s.Save(Entry{Host: host, Username: "AWS", Password: "p", Issued: 1, Expiry: 2}, Key{1}) == nil {
					saved++
				}
				if f, err := s.openLock(s.LockPaths(host, Key{1})[0]); err == nil {
					f.Close()
				}
				s.Touch(s.LockPaths(host, Key{1})[0], time.Now())
			})
			if saved == 0 {
				t.Error("nothing was saved")
			}
		})
	}
}

// Probe reports why tokens cannot be stored, and removes its files.
func TestProbe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "cache")
	var locked bool
	if err := probe(dir, nil, func(*os.File) (bool, error) { locked = true; return true, nil }); err != nil || !locked {
		t.Errorf("locked: %v, %v", locked, err)
	}
	want := "the cache directory " + dir + " cannot be used: a file cannot be locked: function not implemented; see whether its file system supports locks, or set AWS_ECR_CACHE_DIR to another directory"
	if err := probe(dir, nil, func(*os.File) (bool, error) { return false, syscall.ENOSYS }); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("Probe left %v, %v", files, err)
	}
	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	if err := Probe(dir, nil); !errors.Is(err, ErrUnsafe) {
		t.Errorf("got %v", err)
	}
}
