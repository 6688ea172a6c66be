// Package hit answers a get from the cache before the rest of the program exists.
//
// The AWS SDK, once it is linked, spends more time on initialising its packages than a hit takes in all. Go initialises
// packages one after another, at each step the first by import path of those whose imports are done (Go 1.21 release notes;
// the language specification, "Program initialization"). The SDK needs net/http, and this package needs far less, so it
// comes first, as long as it imports little: of this module only packages that do the same, and of the standard library none
// with an initialiser that comes late, as path/filepath, os/user and crypto/rand have. A test of the program fails if that
// order ever changes.
//
// So it does for hosts that nobody here has a password for, which is the answer for most of them.
//
// All it does goes through the functions of the ordinary way: registry.Parse, store.Gather, store.Load, Entry.Fresh. Everything
// else, every doubt and every error, is left to main, which gets the input back from Stdin.
//
// When there is no token, many processes may want it at once. The first takes the token's lock here and goes on to main
// with it, see Held; the others wait here, before they cost anything, and take the first one's answer.
package hit

import (
	"bytes"
	"io"
	"os"
	"strings"
	"time"

	"ecrlogin/cache/store"
	"ecrlogin/config/file"
	"ecrlogin/registry"
)

// DefaultTimeout is that of the credentials/docker package, which cannot be imported here.
const DefaultTimeout = 15 * time.Second

// Timeout reads a value of ECR_LOGIN_TIMEOUT: the longest a get may take. It is DefaultTimeout when there is none, and
// also, with ok false, when it is not a duration of a second or more.
func Timeout(value string) (d time.Duration, ok bool) {
	if value == "" {
		return DefaultTimeout, true
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Second {
		return DefaultTimeout, false
	}
	return d, true
}

var (
	began = time.Now()
	held  lock // the lock that this process holds, if any

	generation string // of the registry, see Generation

	stdin io.Reader = os.Stdin // standard input as it was before init read of it
)

// Began returns when the program began, or nearly so.
func Began() time.Time { return began }

// Stdin returns standard input as it was before this package read of it. It is os.Stdin if this package did not.
func Stdin() io.Reader { return stdin }

// A lock is a lock file and how to let go of it.
type lock struct {
	path   string // "" for none
	unlock func()
}

// Held hands over the lock of a file if this process holds it: to the first caller, who may keep it until the process ends.
func Held(path string) (unlock func(), ok bool) {
	if held.path != path {
		return nil, false
	}
	unlock = held.unlock
	held = lock{}
	return unlock, true
}

// Generation returns what store.Generation was for the registry when this process found no fresh token; "" if it did not look.
func Generation() string { return generation }

func init() {
	// A log is wanted of the ordinary way.
	if len(os.Args) != 2 || os.Args[1] != "get" || os.Getenv("ECR_LOGIN_LOG") != "" {
		return
	}
	dir := store.Dir()
	if dir == "" {
		return
	}
	// Who types is told what by main.
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return
	}
	// No host is longer than this, and input that is not one is left to be read on.
	input, ended, rest := read(make([]byte, 4096), patience)
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

// patience is how long init waits for input. Input that is not complete by then is left to main, which knows the deadline:
// it may be in the configuration, and is a second at least.
const patience = 500 * time.Millisecond

// NotFound is what clients take for "go on without a password", as docker-credential-helpers has it.
const NotFound = "credentials not found in native keychain\n"

// respond returns the protocol's answer where it can be told early.
func respond(dir, input string) (answer []byte, exit int, ok bool) {
	r, err := registry.Parse(input)
	if err == nil {
		answer, ok = find(dir, strings.TrimSpace(input), r)
		return answer, 0, ok
	}
	// Without a configuration there are no aliases, and nobody else to ask. What begins with a brace may be a request of kubelet's.
	host := strings.TrimSpace(input)
	if f, err := file.Read(""); err != nil || f.Path != "" || host == "" || host[0] == '{' || strings.ContainsAny(host, "\r\n") {
		return nil, 0, false
	}
	return []byte(NotFound), 1, true
}

// find returns the answer for a registry of which there is a token, or is one after a while of waiting.
func find(dir, host string, r registry.Registry) (answer []byte, ok bool) {
	inputs, err := store.Gather("")
	if err != nil || len(inputs.Skipped) > 0 { // which the ordinary way reports
		return nil, false
	}
	// Only the ordinary way can read the configuration, which may keep tokens elsewhere.
	if bytes.Contains(inputs.Config(), []byte("cache")) {
		return nil, false
	}
	s, err := store.Create(dir)
	if err != nil {
		return nil, false
	}
	if e, err := s.Load(r.Host, store.Login); err == nil && e.Valid(time.Now()) {
		return encode(host, e)
	}
	id := inputs.Identity()
	e, err := s.Load(r.Host, id)
	if err == nil && e.Fresh(time.Now()) {
		return encode(host, e)
	}
	generation = s.Generation(r.Host)
	if err == nil && e.Valid(time.Now()) {
		return nil, false // to be renewed
	}
	if bytes.Contains(inputs.Config(), []byte("timeout")) {
		return nil, false // nobody knows here how long to wait
	}
	timeout, _ := Timeout(os.Getenv("ECR_LOGIN_TIMEOUT"))
	path := s.LockPath(r.Host, id)
	waited, unlock := lead(s, path, timeout/3)
	if unlock != nil {
		held = lock{path, unlock}
	}
	if !waited {
		return nil, false
	}
	if e, err = s.Load(r.Host, id); err != nil {
		return nil, false
	}
	return encode(host, e)
}

// encode writes the protocol's JSON; ok is false where something would have to be escaped, which no host, user name or
// password of ECR's does, and for a token that has expired by the time at which it is handed out. It stands in for
// encoding/json, for the reason that package store has.
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
