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

// disk mounts a file system in memory that is alice's.
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

// fill writes to a file until the disk is full.
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

// A disk without room for a token costs the cache and nothing else, and a line says so. What cannot be written
// is not left there in part, and with room again the cache works again.
func TestCacheOnFullDisk(t *testing.T) {
	for name, tt := range map[string]struct {
		options string
		use     func(t *testing.T, dir string)
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
			tt.use(t, dir)
			u := newUser(t, alice).with("HOME=/", "AWS_ECR_CACHE_DIR="+cache)
			const line = " cannot be used: no space left on device"
			for range 2 {
				u.gets(t, "the cache directory "+cache+line+"; free some space there, or set AWS_ECR_CACHE_DIR to another directory")
			}
			u.asked(t, 2)
			if r := u.run(t, "doctor", ""); !strings.Contains(r.stdout, "✗ cache: the cache directory "+cache+line+"; every get calls AWS ") {
				t.Errorf("doctor: %s", r.stdout)
			}
			for _, pattern := range []string{"*.token", "*.tmp"} {
				if files, err := filepath.Glob(filepath.Join(cache, pattern)); err != nil || len(files) != 0 {
					t.Errorf("the folder has %q (%v)", files, err)
				}
			}
			if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=1m,nr_inodes=100"); err != nil {
				t.Fatal(err)
			}
			answer := u.gets(t, "")
			if u.gets(t, "") != answer {
				t.Error("with room for it, the token was not kept")
			}
			u.asked(t, 1)
		})
	}
}

// fillFiles makes files until there may be no more.
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

// What is on a file system that became read-only is used while it is good; nothing else is
// kept, and nobody waits.
func TestCacheOnReadOnlyDisk(t *testing.T) {
	dir := disk(t, "size=1m")
	u := newUser(t, alice).with("HOME=/", "AWS_ECR_CACHE_DIR="+filepath.Join(dir, "cache"))
	answer := u.gets(t, "")
	u.asked(t, 1)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if u.gets(t, "") != answer {
		t.Error("the token was not used")
	}
	u.asked(t, 0)
	if r := u.run(t, "erase", firstHost); r.exit != 0 || r.stdout != "" {
		t.Errorf("erase: exit code %d, stdout %q", r.exit, r.stdout)
	}

	// Each response is held until all processes have sent their requests. A process that waits for a lock fails this.
	const together = 8
	u.aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, HoldUntil: together})
	other := u.with("AWS_REGION=eu-west-1")
	var all sync.WaitGroup
	for range together {
		all.Go(func() { other.gets(t, "") })
	}
	all.Wait()
	u.asked(t, together)
}
