// Package fastpath is the fast path of a request for a password: it returns a cached token before the rest of the
// program is initialized.
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
// It uses the same functions as the slow path: registry.Parse, cachekey.ReadFor, store.Load and Entry.Fresh. All other
// cases and all errors are left to main, which reads the input again from Stdin.
//
// It cannot parse the configuration. Where its content matters, for aliases and for the settings of the cache and the
// time limit, main stores its decision in a file, see SaveRoute. The file is bound to the bytes of the configuration.
//
// Requests of kubelet are answered in the same way if they have no service account, see newQuery and
// kubeletprotocol.ParseRequest.
//
// If no token is cached, many processes may need it at once. The first takes one of the token's locks here and passes
// it on to main, see Held. The others wait here, where they use few resources, and return the token that it stores.
package fastpath

import (
	"bytes"
	"io"
	"os"
	"time"

	"ecrlogin/internal/configpath"
	"ecrlogin/internal/process"
	"ecrlogin/internal/store"
	"ecrlogin/internal/timelimit"
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
	env := process.Env()
	q, ok := newQuery(os.Args, env)
	if !ok || env.Get("ECR_LOGIN_LOG") != "" { // logging requires the slow path
		return
	}
	if q.defaultDir = store.Dir(env, ""); q.defaultDir == "" {
		return
	}
	// At a terminal, main prints a prompt.
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return
	}
	// Host names, and requests of the kubelet without a token, are shorter than the buffer. Longer input is left to
	// main.
	input, ended, rest := read(make([]byte, 4096), patience, q.morePatience)
	stdin = io.MultiReader(bytes.NewReader(input), rest)
	if !ended {
		return
	}
	answer, exit, ok := q.respond(string(input))
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
// make that worse: a third of the timeout in total, if that is known without parsing the configuration.
func (q *query) morePatience() time.Duration {
	f, err := configpath.Read(q.env, q.config)
	if err != nil || !hasNoSettings(f.Content) {
		return 0
	}
	timeout, _ := timelimit.Choose(q.env.Get(timelimit.Variable), 0)
	return max(0, timeout/3-patience)
}
