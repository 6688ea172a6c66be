package nativehelper

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

// A fallback loop is a helper that runs this program, which runs that helper again, and so on. The variable askedBy
// stops a loop immediately unless the helper clears the environment. A helper cannot clear its ancestry: while this
// process waits for a helper, its name is waiting, and a descendant does not run a helper. Where /proc is missing or
// partly hidden, the number of concurrent helpers is limited instead: a loop ends when it has used all slots.

// waiting is the name of a process that waits for a helper. Linux limits the name to 15 bytes.
const waiting = "ecr-login waits"

// ancestry reports whether an ancestor of this process waits for a helper, and whether all ancestors are visible.
func ancestry() (waits, complete bool) {
	if testSlots != "" {
		return false, false
	}
	for pid := os.Getppid(); pid > 0; {
		p, err := proctable.Find(pid)
		switch {
		case err != nil:
			return false, false
		case p.Name == waiting:
			return true, true
		}
		pid = p.Parent
	}
	return false, true
}

// renaming stores the original name of this process while it waits for helpers.
var renaming struct {
	sync.Mutex
	helpers int    // number of helpers running
	name    string // name before the first helper was started
}

// rename gives this process the name waiting until restore is called for every call of rename.
func rename() (restore func(), err error) {
	r := &renaming
	r.Lock()
	defer r.Unlock()
	if r.helpers == 0 {
		self, err := proctable.Find(os.Getpid())
		if err != nil {
			return nil, err
		}
		if err := proctable.Rename(waiting); err != nil {
			return nil, err
		}
		r.name = self.Name
	}
	r.helpers++
	return func() {
		r.Lock()
		defer r.Unlock()
		if r.helpers--; r.helpers == 0 {
			_ = proctable.Rename(r.name) // renaming succeeded before
		}
	}, nil
}

// enter marks this process as waiting for a helper until leave is called. It returns an error if the helper must not
// be run because too many helpers are running.
func enter(ctx context.Context) (leave func(), err error) {
	if _, complete := ancestry(); complete {
		if restore, err := rename(); err == nil {
			return restore, nil
		}
	}
	return takeSlot(ctx)
}

const (
	// slots is the maximum number of concurrent helpers of one user where the ancestry is not visible. A build calls the
	// helper for several registries at once; each call is short.
	slots = 16
	// slotPause is the time between two attempts to get a free slot.
	slotPause = 20 * time.Millisecond
)

// errSlots reports that other processes held all slots until the deadline.
var errSlots = errors.New("all slots are taken")

// testSlots makes a test use slots, in this directory, instead of the ancestry.
var testSlots string

// slotsDir returns the directory of the slots. Except on Windows, it does not depend on the environment.
func slotsDir() string {
	switch {
	case testSlots != "":
		return testSlots
	case runtime.GOOS == "windows":
		return filepath.Join(os.TempDir(), "ecr-login-fallback")
	}
	return "/tmp/ecr-login-fallback-" + strconv.Itoa(os.Geteuid())
}

// takeSlot waits for a free slot. There is no limit if locks, or a directory that only this user can write to, are
// unavailable.
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
			if ok, err := filelock.TryLock(f); ok || err != nil {
				return func() { f.Close() }, nil
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
