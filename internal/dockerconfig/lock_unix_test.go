//go:build unix

package dockerconfig_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/swaptest"
)

func add(path, serverURL string) error {
	return (&dockerconfig.Auths{Path: path}).Add(&helper.Credentials{ServerURL: serverURL, Username: "u", Secret: "p"})
}

// TestMain also runs as the program that adds a password, for tests with several processes.
func TestMain(m *testing.M) {
	if path := os.Getenv("ADD_TO"); path != "" {
		if err := add(path, os.Getenv("ADD")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestAuthsWithoutLock checks that no password is written without the lock, because it or another one could be lost.
func TestAuthsWithoutLock(t *testing.T) {
	tests := map[string]struct {
		spoil func(lock string) error
		want  string
	}{
		"directory": {func(lock string) error { return os.Mkdir(lock, 0o700) }, "it is not a regular file"},
		"link":      {func(lock string) error { return os.Symlink("elsewhere", lock) }, "it is a link"},
		"pipe":      {func(lock string) error { return syscall.Mkfifo(lock, 0o600) }, "it is not a regular file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "auths.json")
			if err := tt.spoil(path + ".lock"); err != nil {
				t.Fatal(err)
			}
			want := path + ".lock: cannot be locked, so nothing was written: " + tt.want + "; remove it"
			if err := add(path, "ghcr.io"); err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if _, err := os.Lstat(path); err == nil {
				t.Error("the file was written")
			}
			if _, err := os.Lstat(filepath.Join(filepath.Dir(path), "elsewhere")); err == nil {
				t.Error("the link was followed")
			}
		})
	}
}

// TestAuthsLockOfRoot checks that a lock file of another user is an error that asks the user to remove it.
func TestAuthsLockOfRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a file of another user")
	}
	a := swaptest.New(t)
	path := filepath.Join(a.Home, "auths.json")
	if err := os.WriteFile(path+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	program := swaptest.Executable(t)
	out, err := login(program, swaptest.UID, path, "ghcr.io")
	want := path + ".lock: cannot be locked, so nothing was written: permission denied; check its owner, or remove it\n"
	if err == nil || out != want {
		t.Errorf("got  %v, %s\nwant %s", err, out, want)
	}
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}

	if runtime.GOOS != "linux" {
		return // root is refused
	}
	// A login of root does not prevent logins of the user.
	if out, err := login(program, 0, path, "ghcr.io"); err != nil {
		t.Fatal(err, out)
	}
	if out, err := login(program, swaptest.UID, path, "quay.io"); err != nil {
		t.Fatal(err, out)
	}
	users, err := (&dockerconfig.Auths{Path: path}).List()
	if err != nil || len(users) != 2 {
		t.Errorf("%v, %v", users, err)
	}
}

// login adds a password as a user, in a separate process.
func login(program string, uid uint32, path, serverURL string) (output string, err error) {
	cmd := exec.Command(program)
	cmd.Env = []string{"ADD_TO=" + path, "ADD=" + serverURL}
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestAuthsOfManyProcesses checks that concurrent logins of root and of the user, into a directory that does not exist
// yet, lose no password.
func TestAuthsOfManyProcesses(t *testing.T) {
	home := t.TempDir()
	uids := []uint32{0, 0}
	if os.Geteuid() == 0 && runtime.GOOS == "linux" { // elsewhere root is refused
		home, uids[1] = swaptest.New(t).Home, swaptest.UID
	}
	path := filepath.Join(home, ".docker", "auths.json")
	program := swaptest.Executable(t)
	const n = 48
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if out, err := login(program, uids[i%2], path, fmt.Sprintf("r%d.example.com", i)); err != nil {
				t.Error(err, out)
			}
		})
	}
	all.Wait()
	if got, err := (&dockerconfig.Auths{Path: path}).List(); err != nil || len(got) != n {
		t.Errorf("%d of %d are kept, %v", len(got), n, err)
	}
}

// TestAuthsOfRootAreNotRedirected checks that a login of root in another user's home changes no file elsewhere.
func TestAuthsOfRootAreNotRedirected(t *testing.T) {
	tests := map[string]func(a *swaptest.Arena){
		"lock":              func(a *swaptest.Arena) { a.Attack(swaptest.Symlink, a.Home, "auths.json.lock", a.Dir+"/made") },
		"lock that is made": func(a *swaptest.Arena) { a.Attack(swaptest.Symlink, a.Home, ".auths.json.lock", a.File) },
		"file":              func(a *swaptest.Arena) { a.Attack(swaptest.Symlink, a.Home, ".auths.json", a.File) },
		"new lock":          func(a *swaptest.Arena) { a.Attack(swaptest.Missing, a.Home, "auths.json.lock", a.Dir+"/made") },
		"directory":         func(a *swaptest.Arena) { a.Attack(swaptest.Symlink, a.Home, "sub", a.Dir) },
	}
	for name, attack := range tests {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			path := filepath.Join(a.Home, "auths.json")
			if name == "directory" {
				path = filepath.Join(a.Home, "sub", "auths.json")
			}
			attack(a)
			a.Survive(1000, time.Second, func(n int) {
				_ = add(path, fmt.Sprintf("r%d.example.com", n%5))
				os.Remove(path)
			})
		})
	}
}
