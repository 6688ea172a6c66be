package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"ecrlogin/internal/awstest"
)

// disk mounts a file system in memory, which belongs to alice.
func disk(t *testing.T, options string) string {
	t.Helper()
	dir := runtimeDir(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options+",mode=0700,uid=4201,gid=4201"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes to a file until the file system is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// If the file system is full, get succeeds without the cache, and prints one line. It leaves no partial files. The
// cache works again when there is space.
func TestCacheOnFullDisk(t *testing.T) {
	for name, tt := range map[string]struct {
		options string
		fill    func(t *testing.T, dir string)
	}{
		"no blocks": {"size=16k", func(t *testing.T, dir string) { fill(t, filepath.Join(dir, "ballast")) }},
		"no files":  {"nr_inodes=3", func(t *testing.T, dir string) { fillFiles(t, dir) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := disk(t, tt.options)
			cache := filepath.Join(dir, "cache")
			if err := errors.Join(os.Mkdir(cache, 0o700), os.Chown(cache, alice, alice)); err != nil {
				t.Fatal(err)
			}
			tt.fill(t, dir)
			u := newUser(t, alice).with("HOME=/", "AWS_ECR_CACHE_DIR="+cache)
			const line = " cannot be used: no space left on device"
			for range 2 {
				u.mustGet(t, "the cache directory "+cache+line+"; free some space there, or set AWS_ECR_CACHE_DIR to another directory")
			}
			u.wantTokenRequests(t, 2)
			if r := u.run(t, "doctor", ""); !strings.Contains(r.stdout, "✗ cache: the cache directory "+cache+line+"; every get calls AWS ") {
				t.Errorf("doctor: %s", r.stdout)
			}
			for _, pattern := range []string{"*.token", "*.tmp"} {
				if files, err := filepath.Glob(filepath.Join(cache, pattern)); err != nil || len(files) != 0 {
					t.Errorf("the directory contains %q (%v)", files, err)
				}
			}
			if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=1m,nr_inodes=100"); err != nil {
				t.Fatal(err)
			}
			answer := u.mustGet(t, "")
			if u.mustGet(t, "") != answer {
				t.Error("the token was not cached, although there is space")
			}
			u.wantTokenRequests(t, 1)
		})
	}
}

// fillFiles creates files until no inode is left.
func fillFiles(t *testing.T, dir string) {
	t.Helper()
	for {
		file, err := os.CreateTemp(dir, "ballast-")
		if errors.Is(err, syscall.ENOSPC) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
}

// On a file system that becomes read-only, cached tokens are used while they are valid. Other tokens are not cached,
// and processes do not wait for each other.
func TestCacheOnReadOnlyDisk(t *testing.T) {
	dir := disk(t, "size=1m")
	u := newUser(t, alice).with("HOME=/", "AWS_ECR_CACHE_DIR="+filepath.Join(dir, "cache"))
	answer := u.mustGet(t, "")
	u.wantTokenRequests(t, 1)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if u.mustGet(t, "") != answer {
		t.Error("the token was not used")
	}
	u.wantTokenRequests(t, 0)
	if r := u.run(t, "erase", firstHost); r.exit != 0 || r.stdout != "" {
		t.Errorf("erase: exit code %d, stdout %q", r.exit, r.stdout)
	}

	// Each response is held until all processes have sent their requests. A process that waits for a lock fails this.
	const together = 8
	u.aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, HoldUntil: together})
	other := u.with("AWS_REGION=eu-west-1")
	var all sync.WaitGroup
	for range together {
		all.Go(func() { other.mustGet(t, "") })
	}
	all.Wait()
	u.wantTokenRequests(t, together)
}
