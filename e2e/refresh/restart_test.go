package refresh

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// TestRestartWithoutAWS restarts the daemon while AWS is unavailable. The password file stays until AWS responds.
func TestRestartWithoutAWS(t *testing.T) {
	t.Parallel()
	aws := startAWS(t)
	_, file, config := oneFile(t)
	d := start(t, aws, config, keys())
	d.await(t, "/readyz", 200)
	d.stop(t)
	before, content := stat(t, file), readFile(t, file)

	aws.Inject(awstest.Fault{Drop: true})
	aws.ResetCalls()
	d = start(t, aws, config, keys())
	d.until(t, func() string {
		if n := aws.Count(awstest.GetAuthorizationToken); n < 3 {
			return "AWS received fewer than 3 requests"
		}
		return ""
	})
	d.await(t, "/health", 503, file)
	after := stat(t, file)
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) || readFile(t, file) != content {
		t.Error("the password file has changed without AWS")
	}
	aws.ClearFaults()
	d.await(t, "/health", 200)
	if readFile(t, file) == content {
		t.Error("healthy, although the password file has not changed")
	}
}

func stat(t *testing.T, file string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestKill kills the daemon at random times while it starts, and while it writes its first password, and starts it
// again. A reader always finds a valid password. Temporary files of killed processes are removed.
func TestKill(t *testing.T) {
	t.Parallel()
	const kills = 40
	aws := startAWS(t)
	_, file, config := oneFile(t)
	d := start(t, aws, config, keys())
	d.await(t, "/readyz", 200)
	written := stat(t, file).ModTime().Sub(d.started)
	d.kill()
	reader := startReader(t, aws, file, 10_000, 10)
	abandoned := 0
	for i := range kills {
		await := func() { time.Sleep(rand.N(written)) }
		if i%2 == 0 {
			await = nextFile(t, filepath.Dir(file))
		}
		d = start(t, aws, config, keys())
		// With this priority, the test is faster than the daemon.
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, d.cmd.Process.Pid, 19)
		await()
		d.kill()
		abandoned += len(temporary(t, file))
	}
	for range 10 { // for the reader
		d = start(t, aws, config, keys())
		d.await(t, "/readyz", 200)
		d.kill()
	}
	reader.finish(t, aws)
	if found := temporary(t, file); len(found) > 0 {
		t.Errorf("temporary files: %q", found)
	}
	t.Logf("%d kills before or during the first write, which usually ends after %v; temporary files that were left: %d",
		kills, written.Round(time.Millisecond), abandoned)
}

// nextFile returns a function that waits until a file is created in a directory. It returns sooner than one that polls,
// because it blocks its thread.
func nextFile(t *testing.T, dir string) (wait func()) {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err == nil {
		_, err = syscall.InotifyAddWatch(fd, dir, syscall.IN_CREATE)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		defer syscall.Close(fd)
		ready, timeout := syscall.FdSet{}, syscall.NsecToTimeval(int64(patience))
		ready.Bits[fd/64] |= 1 << (fd % 64)
		if n, err := syscall.Select(fd+1, &ready, nil, nil, &timeout); err != nil || n != 1 {
			t.Fatalf("no file was created in %s: %v", dir, err)
		}
	}
}

// temporary returns the temporary files in the directory of a password file.
func temporary(t *testing.T, file string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
