// Package fastpath is the fast path of get: it returns a cached token before the rest of the program is initialized.
//
// Initializing the packages of the AWS SDK takes longer than a complete cache hit. Go initializes packages one after
// another. At each step, it selects the package with the lowest import path of those whose imports are initialized
// (Go 1.21 release notes; the language specification, "Program initialization"). The SDK imports encoding/json and
// net/http. This package is initialized before them for two reasons. The module's path sorts before theirs; see
// docs/library.md before you change it. And this package imports little: of this module only packages with the same
// restriction, and of the standard library no package that is initialized late, such as path/filepath, os/user and
// crypto/rand. The script test "cache" of the program fails if the order changes.
//
// The package also returns "not found" for hosts that are not ECR registries, if no configuration file exists.
//
// It uses the same functions as the slow path: registry.Parse, cachekey.Read, store.Load and Entry.Fresh. All other
// cases and all errors are left to main, which reads the input again from Stdin.
//
// If no token is cached, many processes may need it at once. The first takes the token's lock here and passes it on to
// main, see Held. The others wait here, where they use few resources, and return the token that the first one stores.
package fastpath

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"time"

	"ecrlogin/internal/cachekey"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/process"
	"ecrlogin/internal/store"
	"ecrlogin/internal/timelimit"
	"ecrlogin/registry"
)

// held is the lock that this process holds.
var held struct {
	path   string // "" for none
	unlock func()
}

var generation string // of the registry, see Generation

var stdin io.Reader = os.Stdin // the complete standard input, including what init has read

// Stdin returns a reader of the complete standard input, including what this package has read from it.
func Stdin() io.Reader { return stdin }

// Held transfers the lock of a file to the first caller, if this process holds it. The caller may keep it until the
// process exits.
func Held(path string) (unlock func(), ok bool) {
	if held.path != path {
		return nil, false
	}
	held.path = ""
	return held.unlock, true
}

// Generation returns the registry's store.Generation at the time when this process found no fresh token; "" if it did
// not read the cache.
func Generation() string { return generation }

func init() {
	// Logging requires the slow path.
	if len(os.Args) != 2 || os.Args[1] != "get" || process.Env().Get("ECR_LOGIN_LOG") != "" {
		return
	}
	dir := store.Dir(process.Env(), "")
	if dir == "" {
		return
	}
	// At a terminal, main prints a prompt.
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return
	}
	// Host names are shorter than the buffer. Longer input is left to main.
	input, ended, rest := read(make([]byte, 4096), patience, morePatience)
	stdin = io.MultiReader(bytes.NewReader(input), rest)
	if !ended {
		return
	}
	answer, exit, ok := respond(dir, string(input))
	if !ok {
		return
	}
	if _, err := os.Stdout.Write(answer); err == nil {
		os.Exit(exit)
	}
}

// patience is how long init waits for input in any case. The timeout is at least one second.
const patience = 500 * time.Millisecond

// morePatience returns how much longer init waits, because input comes late on a busy machine, and the slow path would
// make that worse.
func morePatience() time.Duration {
	f, err := configpath.Read(process.Env(), "")
	if err != nil {
		return 0
	}
	return max(0, longestWait(f.Content)-patience)
}

// longestWait returns how long this package may wait: a third of the timeout, or 0 if the timeout is unknown, because
// only main can parse the configuration.
func longestWait(configuration []byte) time.Duration {
	if bytes.Contains(configuration, []byte("timeout")) {
		return 0
	}
	timeout, _ := timelimit.Parse(process.Env().Get(timelimit.Variable))
	return timeout / 3
}

// NotFound is the output that makes clients continue without a password, as defined by docker-credential-helpers.
const NotFound = "credentials not found in native keychain\n"

// respond returns the protocol's response and exit code; ok is false if the response requires the slow path.
func respond(dir, input string) (answer []byte, exit int, ok bool) {
	r, err := registry.Parse(input)
	if err == nil {
		answer, ok = find(dir, strings.TrimSpace(input), r)
		return answer, 0, ok
	}
	// Without a configuration there are no aliases and no fallback. Input that starts with a brace may be from
	// kubelet.
	host := strings.TrimSpace(input)
	f, err := configpath.Read(process.Env(), "")
	ok = err == nil && f.Path == "" && host != "" && host[0] != '{' && !strings.ContainsAny(host, "\r\n")
	return []byte(NotFound), 1, ok
}

// find returns the response for a registry with a cached token, and waits if another process is fetching one.
func find(dir, host string, r registry.Registry) (answer []byte, ok bool) {
	inputs, err := cachekey.Read(process.Env(), "")
	if err != nil || len(inputs.Skipped) > 0 { // the slow path reports these
		return nil, false
	}
	// Only the slow path can parse the configuration, which may select another cache.
	if bytes.Contains(inputs.Own.Content, []byte("cache")) {
		return nil, false
	}
	s, err := store.Create(dir, process.Env())
	if err != nil {
		return nil, false
	}
	if e, err := s.Load(r.Host, store.Login); err == nil && e.Valid(time.Now()) {
		return encode(host, e)
	}
	id := inputs.Key()
	e, err := s.Load(r.Host, id)
	if err == nil && e.Fresh(time.Now()) {
		return encode(host, e)
	}
	generation = s.Generation(r.Host)
	if err == nil && e.Valid(time.Now()) {
		return nil, false // to be renewed
	}
	wait := longestWait(inputs.Own.Content)
	if wait == 0 {
		return nil, false
	}
	path := s.LockPaths(r.Host, id)[0]
	if unlock, ok := s.TryLock(path); ok {
		held.path, held.unlock = path, unlock
		return nil, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	s.Wait(ctx, path)
	if e, err = s.Load(r.Host, id); err != nil {
		return nil, false
	}
	return encode(host, e)
}

// encode returns the protocol's JSON. ok is false if a value needs escaping, which never applies to the hosts, user
// names and passwords of ECR, and if the token has expired by now. It replaces encoding/json, which is initialized
// too late.
func encode(host string, e store.Entry) (answer []byte, ok bool) {
	for _, s := range []string{host, e.Username, e.Password} {
		for i := range len(s) {
			if s[i] < ' ' || s[i] > '~' || strings.IndexByte(`"\<>&`, s[i]) >= 0 {
				return nil, false
			}
		}
	}
	return []byte(`{"ServerURL":"` + host + `","Username":"` + e.Username + `","Secret":"` + e.Password + "\"}\n"), e.Valid(time.Now())
}
