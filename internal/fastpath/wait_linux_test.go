package fastpath

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/store"
)

const ecr = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// long is a slot that does not end during a test.
const long = time.Hour

func newTokenFile(t *testing.T) tokenFile {
	t.Helper()
	s, err := store.Create(filepath.Join(t.TempDir(), "cache"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if held.path != "" {
			held.unlock()
			held.path = ""
		}
	})
	return tokenFile{s, ecr, store.Key{1}}
}

// hold locks lock n.
func (t tokenFile) hold(test *testing.T, n int) (unlock func()) {
	test.Helper()
	unlock, ok := t.TryLock(t.LockPaths(t.host, t.id)[n])
	if !ok {
		test.Fatalf("lock %d is not available", n+1)
	}
	test.Cleanup(unlock)
	return unlock
}

func (t tokenFile) save(test *testing.T) {
	test.Helper()
	now := time.Now().Unix()
	if err := t.Save(store.Entry{Host: t.host, Username: "AWS", Password: "token", Issued: now, Expiry: now + 43200}, t.id); err != nil {
		test.Fatal(err)
	}
}

// begin calls wait with slots of the given length, the first of which begins now.
func (t tokenFile) begin(slot time.Duration) (result chan bool) {
	result = make(chan bool, 1)
	now := time.Now()
	go func() {
		_, ok := t.wait(now, now.Add(3*slot))
		result <- ok
	}()
	return result
}

// waiting returns when wait waits for lock n.
func (t tokenFile) waiting(test *testing.T, n int) {
	test.Helper()
	info, err := os.Stat(t.LockPaths(t.host, t.id)[n])
	if err != nil {
		test.Fatal(err)
	}
	inode := ":" + strconv.FormatUint(info.Sys().(*syscall.Stat_t).Ino, 10) + " "
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		locks, err := os.ReadFile("/proc/locks")
		if err != nil {
			test.Skip(err)
		}
		for line := range strings.Lines(string(locks)) {
			if strings.Contains(line, "-> FLOCK") && strings.Contains(line, inode) {
				return
			}
		}
	}
	test.Fatalf("wait does not wait for lock %d", n+1)
}

// took fails unless wait returned without a token and took lock n for main; -1 means none.
func (t tokenFile) took(test *testing.T, result chan bool, n int) {
	test.Helper()
	if <-result {
		test.Error("wait returned a token")
	}
	for i, path := range t.LockPaths(t.host, t.id) {
		if got := held.path == path; got != (i == n) {
			test.Errorf("lock %d is held for main: %v", i+1, got)
		}
	}
}

func TestWaitTakesLock(t *testing.T) {
	for taken := range 3 {
		f := newTokenFile(t)
		for n := range taken {
			f.hold(t, n)
		}
		slot := long
		if taken > 0 {
			slot = 2 * time.Second
		}
		began := time.Now()
		f.took(t, f.begin(slot), taken)
		if waited := time.Since(began); taken > 0 && waited < slot*time.Duration(taken) {
			t.Errorf("lock %d was taken after %s", taken+1, waited)
		}
		unlock, ok := Held(f.LockPaths(f.host, f.id)[taken])
		if !ok {
			t.Fatalf("lock %d is not passed on", taken+1)
		}
		unlock()
	}
}

// A process that comes to this point late, because it waited for its input, does not wait for the locks of past slots.
func TestWaitBeginsLate(t *testing.T) {
	f := newTokenFile(t)
	f.hold(t, 0)
	began := time.Now().Add(-90 * time.Minute)
	result := make(chan bool, 1)
	_, ok := f.wait(began, began.Add(3*long))
	result <- ok
	f.took(t, result, 1)
}

// The token of the holder of any lock is returned.
func TestWaitReturnsToken(t *testing.T) {
	for n := range 3 {
		f := newTokenFile(t)
		for i := range n {
			f.hold(t, i)
		}
		unlock := f.hold(t, n)
		slot := long
		if n > 0 {
			slot = 2 * time.Second
		}
		result := f.begin(slot)
		f.waiting(t, n)
		f.save(t)
		unlock()
		if !<-result {
			t.Errorf("the token of the holder of lock %d is not returned", n+1)
		}
	}
}

// At the end of a slot, the token that the holder of another lock has stored is returned.
func TestWaitLooksAtEndOfSlot(t *testing.T) {
	f := newTokenFile(t)
	f.hold(t, 0)
	result := f.begin(2 * time.Second)
	f.waiting(t, 0)
	f.save(t)
	if !<-result {
		t.Error("the token is not returned")
	}
}

// A token that is stored between the first look and the lock is returned, and the lock is released.
func TestWaitLooksAgain(t *testing.T) {
	f := newTokenFile(t)
	f.save(t)
	if !<-f.begin(long) {
		t.Error("the token is not returned")
	}
	f.hold(t, 0)
}

// If a lock is released without a token, main continues at once, unless the failure was a timeout.
func TestWaitAfterFailure(t *testing.T) {
	now := time.Now()
	timeout := store.Failure{Cause: "timed out", Timeout: true, Began: now.UnixNano(), Ended: now.Add(time.Minute).UnixNano()}
	old, renewal, other := timeout, timeout, timeout
	old.Ended, renewal.Renewal, other.Timeout = now.Add(-time.Minute).UnixNano(), true, false
	for what, tt := range map[string]struct {
		failure store.Failure
		takes   int
	}{
		"none":              {store.Failure{}, -1},
		"another failure":   {other, -1},
		"timeout":           {timeout, 1},
		"timeout before":    {old, -1},
		"timeout of renew":  {renewal, -1},
		"without any cause": {store.Failure{Timeout: true, Ended: timeout.Ended}, -1},
	} {
		t.Run(what, func(t *testing.T) {
			f := newTokenFile(t)
			unlock := f.hold(t, 0)
			result := f.begin(long)
			f.waiting(t, 0)
			if tt.failure != (store.Failure{}) {
				f.SaveFailure(f.host, f.id, tt.failure)
			}
			unlock()
			f.took(t, result, tt.takes)
		})
	}
}

// If all locks are held, wait leaves time for main before the deadline.
func TestWaitGivesUp(t *testing.T) {
	f := newTokenFile(t)
	for n := range 3 {
		f.hold(t, n)
	}
	began := time.Now()
	const slot = 5 * time.Second
	f.took(t, f.begin(slot), -1)
	if waited := time.Since(began); waited < 2*slot || waited >= 3*slot {
		t.Errorf("waited %s of %s", waited, 3*slot)
	}
}
