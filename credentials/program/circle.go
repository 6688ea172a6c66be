package program

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/filelock"
	"ecrlogin/internal/proctable"
)

// A helper that runs this program again, which asks that helper again, starts processes without end. The variable askedBy
// stops it at once unless the helper clears the environment. What a helper cannot clear is its ancestry: while this process
// waits for a helper, it has the name asking, and a descendant does not ask a helper. Where there is no /proc, or part of it
// is hidden, the number of helpers that run at the same time is limited instead: a circle ends when those on the way have
// used all slots.

// asking is the name of a process that waits for a helper. The system keeps 15 bytes of it.
const asking = "ecr-login asks"

// traced is whether the ancestry is used where the system shows it. Tests switch it off.
var traced = true

// ancestry reports whether an ancestor of this process waits for a helper, and whether all of them could be seen.
func ancestry() (asks, complete bool) {
	if !traced {
		return false, false
	}
	for pid := os.Getppid(); pid > 0; {
		p, err := proctable.Find(pid)
		switch {
		case err != nil:
			return false, false
		case p.Name == asking:
			return true, true
		}
		pid = p.Parent
	}
	return false, true
}

// renaming keeps the name of this process while it waits for helpers.
var renaming struct {
	sync.Mutex
	helpers int    // how many of them are running
	name    string // before the first of them
}

// rename gives this process the name asking until restore is called for every call of rename.
func rename() (restore func(), err error) {
	r := &renaming
	r.Lock()
	defer r.Unlock()
	if r.helpers == 0 {
		self, err := proctable.Find(os.Getpid())
		if err != nil {
			return nil, err
		}
		if err := proctable.Rename(asking); err != nil {
			return nil, err
		}
		r.name = self.Name
	}
	r.helpers++
	return func() {
		r.Lock()
		defer r.Unlock()
		if r.helpers--; r.helpers == 0 {
			_ = proctable.Rename(r.name) // which worked before
		}
	}, nil
}

// enter marks this process as one that waits for a helper, until leave is called. The error is for a helper that is not to be
// run because too many are.
func enter(ctx context.Context) (leave func(), err error) {
	if _, complete := ancestry(); complete {
		if restore, err := rename(); err == nil {
			return restore, nil
		}
	}
	return takeSlot(ctx)
}

// slots is how many helpers may run at the same time for one user where the ancestry cannot be seen. A build asks for
// several registries at once; each call is short.
const slots = 16

// slotPause is how long to wait before looking for a free slot again.
const slotPause = 20 * time.Millisecond

// errSlots reports that other processes had all slots until the deadline.
var errSlots = errors.New("all slots are taken")

// slotsTestDir takes the place of slotsDir in tests.
var slotsTestDir string

// slotsDir returns a directory that does not depend on the environment, if that can be had.
func slotsDir() string {
	if slotsTestDir != "" {
		return slotsTestDir
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(os.TempDir(), "ecr-login-fallback")
	}
	return "/tmp/ecr-login-fallback-" + strconv.Itoa(os.Geteuid())
}

// takeSlot waits for a free slot. Without a directory that only this user can write to, and locks, nothing is limited.
func takeSlot(ctx context.Context) (release func(), err error) {
	dir, err := atomicfile.MakePrivate(slotsDir())
	if err != nil {
		return func() {}, nil
	}
	defer dir.Close()
	for {
		for i := range slots {
			f, err := atomicfile.OpenLock(dir, strconv.Itoa(i)+".lock")
			if err != nil {
				return func() {}, nil
			}
			switch ok, err := filelock.TryLock(f); {
			case ok:
				return func() { f.Close() }, nil
			case err != nil:
				f.Close()
				return func() {}, nil
			}
			f.Close()
		}
		select {
		case <-ctx.Done():
			return nil, errSlots
		case <-time.After(slotPause):
		}
	}
}
