package main

import (
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// wipes counts what happened to the cache directory.
type wipes struct {
	deleted, moved, files, truncated, cleared atomic.Int64
	steps                                     atomic.Int64 // odd while one of them happens
}

func (w *wipes) String() string {
	return fmt.Sprintf("deleted %d times, moved away %d times, half of its files deleted %d times, "+
		"a file truncated %d times, cleared with \"cache clear\" %d times",
		w.deleted.Load(), w.moved.Load(), w.files.Load(), w.truncated.Load(), w.cleared.Load())
}

// undisturbed returns a function that reports whether none of them has happened since.
func (w *wipes) undisturbed() func() bool {
	before := w.steps.Load()
	return func() bool { return before%2 == 0 && w.steps.Load() == before }
}

// wipe damages the cache directory every few seconds, while it is in use.
func (g *gets) wipe(done <-chan struct{}) {
	actions := []func(){g.deleteAll, g.moveAway, g.deleteFiles, g.truncate, g.clear}
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case <-time.After(time.Second + rand.N(6*time.Second)):
		}
		g.wipes.steps.Add(1)
		actions[n%len(actions)]()
		g.wipes.steps.Add(1)
	}
}

func (g *gets) deleteAll() {
	g.wipes.deleted.Add(1)
	_ = os.RemoveAll(g.cache()) // fails if a process creates a file at the same time
}

func (g *gets) moveAway() {
	g.wipes.moved.Add(1)
	away := g.cache() + ".away"
	_ = os.Rename(g.cache(), away)
	time.Sleep(rand.N(500 * time.Millisecond))
	for range 100 {
		if os.RemoveAll(away) == nil {
			return
		}
	}
	g.faults.add("the cache directory that was moved away could not be deleted")
}

func (g *gets) deleteFiles() {
	g.wipes.files.Add(1)
	for _, path := range filesIn(g.cache()) {
		if rand.IntN(2) == 0 {
			_ = os.Remove(path)
		}
	}
}

// truncate cuts off a part of a token, as a crash of the machine may do.
func (g *gets) truncate() {
	for _, path := range filesIn(g.cache()) {
		info, err := os.Lstat(path)
		if err == nil && strings.HasSuffix(path, ".token") && os.Truncate(path, rand.Int64N(info.Size()+1)) == nil {
			g.wipes.truncated.Add(1)
			return
		}
	}
}

func (g *gets) clear() {
	g.wipes.cleared.Add(1)
	o := execute(g.helper, []string{"cache", "clear", "--all"}, g.environ(keys...), "")
	if o.err != nil || o.took > 5*time.Second {
		g.faults.add("cache clear --all: %v after %s: %s%s", o.err, o.took, o.out, o.errOut)
	}
}

// filesIn returns the paths of the files in a cache directory.
func filesIn(dir string) (paths []string) {
	entries, _ := os.ReadDir(dir) // it may not exist
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	return paths
}

// watch counts the files in the cache directory that is not damaged, each second.
func (g *gets) watch(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Second):
		}
		n := len(filesIn(g.steady()))
		g.mu.Lock()
		g.sizes = append(g.sizes, n)
		g.mu.Unlock()
	}
}

// suffixes are those of the files in a cache directory that no process is using.
var suffixes = []string{".token", ".failure", ".lock", ".2.lock", ".3.lock", ".erased", ".route"}

// sweepMark is the file whose time is that of the last sweep.
const sweepMark = ".ecr-login-swept"

// checkFiles looks for files that processes have left. The number of identities of a host or API is limited, so that
// the directory cannot grow.
func (g *gets) checkFiles() {
	for _, dir := range []string{g.cache(), g.steady()} {
		identities := map[string]bool{}
		for _, path := range filesIn(dir) {
			name := filepath.Base(path)
			if identity, ok := identityOf(name); ok {
				identities[identity] = true
			} else if name != sweepMark {
				g.faults.add("leftover file %s", path)
			}
		}
		if most := g.mostIdentities(); len(identities) > most {
			g.faults.add("files of %d identities in %s, at most %d expected: %q", len(identities), dir, most,
				slices.Sorted(maps.Keys(identities)))
		}
	}
	known := []string{g.cache(), g.steady()}
	for _, dir := range []string{g.home(), g.temp(), filepath.Dir(g.cache())} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			g.faults.add("%v", err)
		}
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); !slices.Contains(known, path) {
				g.faults.add("leftover %s", path)
			}
		}
	}
}

// mostIdentities returns how many identities have files in a cache directory: two for each client, of its host and of
// an API; those of docker login and of erased hosts and APIs; and the routes of two hosts.
func (g *gets) mostIdentities() int {
	hosts := map[string]bool{logins: true}
	for _, c := range g.clients {
		hosts[c.stdin] = true
	}
	return 2*len(g.clients) + 2*len(hosts) + 2
}

// identityOf returns HOST@KEY of the name of a file, which is followed by one of the suffixes.
func identityOf(name string) (identity string, ok bool) {
	host, rest, _ := strings.Cut(name, "@")
	if len(rest) < 64 {
		return "", false
	}
	if _, err := hex.DecodeString(rest[:64]); err != nil || host == "" {
		return "", false
	}
	return host + "@" + rest[:64], slices.Contains(suffixes, rest[64:])
}

// checkProcesses looks for processes of the helper that have not ended.
func (g *gets) checkProcesses() {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if exe, err := os.Readlink(link); err == nil && exe == g.helper {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
			g.faults.add("%s is still running: %q", filepath.Dir(link), line)
		}
	}
}
