// Package hit answers a get from the cache before the rest of the program exists.
//
// The AWS SDK, once it is linked, spends more time on initialising its packages than a hit takes in all. Go initialises
// packages one after another, at each step the first by import path of those whose imports are done (Go 1.21 release notes;
// the language specification, "Program initialization"). The SDK needs net/http, and this package needs far less, so it
// comes first, as long as it imports nothing but the standard library and such packages of this module as do the same.
// A test of the program fails if that order ever changes.
//
// All it does goes through the functions of the ordinary way: registry.Parse, store.Gather, store.Load, Entry.Fresh. Only
// a fresh entry is answered here. Everything else, every doubt and every error, is left to main, which gets the input back
// from Stdin.
package hit

import (
	"bytes"
	"io"
	"os"
	"strings"
	"time"

	"ecrlogin/cache/store"
	"ecrlogin/registry"
)

// read is what init has taken from standard input.
var read []byte

// Stdin returns standard input as it was before this package read of it.
func Stdin() io.Reader {
	return io.MultiReader(bytes.NewReader(read), os.Stdin)
}

func init() {
	// A log is wanted of the ordinary way.
	if len(os.Args) != 2 || os.Args[1] != "get" || os.Getenv("ECR_LOGIN_LOG") != "" {
		return
	}
	dir := store.Dir()
	if dir == "" {
		return
	}
	// No host is longer than this, and input that is not one is left to be read on.
	buffer := make([]byte, 4096)
	n, err := io.ReadFull(os.Stdin, buffer)
	read = buffer[:n]
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return
	}
	if answer, ok := find(dir, string(read)); ok {
		if _, err := os.Stdout.Write(answer); err == nil {
			os.Exit(0)
		}
		os.Exit(1)
	}
}

// find returns the protocol's answer for a host of which there is a fresh token.
func find(dir, host string) (answer []byte, ok bool) {
	r, err := registry.Parse(host)
	if err != nil {
		return nil, false
	}
	s, err := store.Open(dir)
	if err != nil {
		return nil, false
	}
	inputs, err := store.Gather()
	if err != nil {
		return nil, false
	}
	e, err := s.Load(r.Host, inputs.Identity())
	if err != nil || !e.Fresh(time.Now()) {
		return nil, false
	}
	return encode(strings.TrimSpace(host), e.Username, e.Password)
}

// encode writes the protocol's JSON; ok is false where something would have to be escaped, which no host, user name or
// password of ECR's does. It stands in for encoding/json, which costs as much as the rest of a hit.
func encode(host, username, password string) (answer []byte, ok bool) {
	for _, s := range []string{host, username, password} {
		for i := range len(s) {
			if s[i] < ' ' || s[i] > '~' || strings.IndexByte(`"\<>&`, s[i]) >= 0 {
				return nil, false
			}
		}
	}
	return []byte(`{"ServerURL":"` + host + `","Username":"` + username + `","Secret":"` + password + "\"}\n"), true
}
