package store

import (
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

var entry = Entry{Host: host, Account: "123456789012", Region: "us-west-2", Origin: "111122223333.dkr.ecr.us-west-2.amazonaws.com", IssuedTo: `profile "dev"`, Username: "AWS", Password: "secret",
	Issued: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC).Unix(), Expiry: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC).Unix()}

func TestValidAndFresh(t *testing.T) {
	renewal := entry.renewal().Sub(time.Unix(entry.Issued, 0)) // depends on the machine
	for _, tt := range []struct {
		after        time.Duration
		valid, fresh bool
	}{
		{0, true, true},
		{324*time.Minute - time.Second, true, true},
		{renewal - time.Second, true, true},
		{renewal, true, false},
		{6 * time.Hour, true, false},
		{12*time.Hour - time.Minute - time.Second, true, false},
		{12*time.Hour - time.Minute, false, false}, // too late for a client
		{12*time.Hour - time.Second, false, false},
		{12 * time.Hour, false, false},
		{13 * time.Hour, false, false},
		{-4 * time.Minute, true, true},
		{-6 * time.Minute, false, false}, // the clock was set back
		{-13 * time.Hour, false, false},
	} {
		now := time.Unix(entry.Issued, 0).Add(tt.after)
		if valid, fresh := entry.Valid(now), entry.Fresh(now); valid != tt.valid || fresh != tt.fresh {
			t.Errorf("after %s: valid %v and fresh %v, want %v and %v", tt.after, valid, fresh, tt.valid, tt.fresh)
		}
	}
	// The lifetime is limited, because a wrong clock can make the expiry too late.
	far := entry
	far.Expiry = far.Issued + int64((25 * time.Hour).Seconds())
	if now := time.Unix(far.Issued, 0).Add(12*time.Hour + time.Minute); far.Valid(now) {
		t.Error("a token that is older than the maximum lifetime is valid")
	}
	short := entry
	short.Expiry = short.Issued + 60
	if now := time.Unix(short.Issued, 0).Add(31 * time.Second); short.Fresh(now) || !short.Valid(now) {
		t.Error("a token with a lifetime of a minute is fresh or invalid after 31 seconds")
	}
}

// FuzzDecode checks that Decode only accepts complete entries for the host, that encoding them again has the same
// result, and that no error contains the input.
func FuzzDecode(f *testing.F) {
	whole, err := entry.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	for _, s := range notEntries(string(whole)) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Decode(b, host)
		if err != nil {
			if e != (Entry{}) {
				t.Errorf("Decode returned an entry and an error: %v", err)
			}
			if len(b) > 40 && strings.Contains(err.Error(), string(b)) {
				t.Errorf("the error contains the entry: %v", err)
			}
			return
		}
		if e.Host != host || e.Username == "" || e.Password == "" || e.Expiry <= e.Issued {
			t.Errorf("Decode accepted %q", b)
		}
		again, err := e.Encode()
		if err != nil {
			t.Fatalf("%q can be decoded but not encoded: %v", b, err)
		}
		if other, err := Decode(again, host); err != nil || other != e {
			t.Errorf("%q was encoded as %q, and that decoded as %+v (%v)", b, again, other, err)
		}
	})
}

// notEntries returns invalid entries that are derived from a valid one.
func notEntries(whole string) []string {
	all := []string{"", "null", "{}", "\x00\xff", "ecr-login token", "ecr-login token 2", "ecr-login token 2\n", strings.Replace(whole, "token 2", "token 1", 1), "ecr-login token 0\n", "ecr-login token x\n",
		whole + "\n", whole + "more\n", strings.Replace(whole, "AWS\n", "\n", 1), strings.Replace(whole, "secret\n", "\n", 1),
		strings.Replace(whole, host, "210987654321.dkr.ecr.us-west-2.amazonaws.com", 1), strings.Replace(whole, "token", "failure", 1),
		strings.Replace(whole, strconv.FormatInt(entry.Expiry, 10), "soon", 1), strings.Replace(whole, strconv.FormatInt(entry.Expiry, 10), "1", 1)}
	for i := range whole {
		all = append(all, whole[:i])
	}
	return all
}

func TestDecode(t *testing.T) {
	whole, err := entry.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if e, err := Decode(whole, host); err != nil || e != entry {
		t.Errorf("Decode = %v, %v", e, err)
	}
	for _, s := range notEntries(string(whole)) {
		if _, err := Decode([]byte(s), host); err == nil || errors.Is(err, ErrLater) {
			t.Errorf("Decode(%q): %v, want another error", s, err)
		}
	}
	for _, s := range []string{"ecr-login token 3\n", "ecr-login token 3", "ecr-login token 30\n{}", strings.Replace(string(whole), "token 2", "token 3", 1)} {
		if _, err := Decode([]byte(s), host); !errors.Is(err, ErrLater) {
			t.Errorf("Decode(%q): %v, want ErrLater", s, err)
		}
	}
	broken := entry
	broken.IssuedTo = "two\nlines"
	if _, err := broken.Encode(); err == nil {
		t.Error("an entry with a line break was encoded")
	}
}

func TestParseName(t *testing.T) {
	id := entry.id()
	for _, suffix := range append(lockSuffixes[:], entrySuffix, failureSuffix) {
		if f, ok := parseName(name(host, id, suffix)); !ok || f.host != host || f.id != id || f.suffix != suffix {
			t.Errorf("parseName = %+v, %v", f, ok)
		}
	}
	if f, ok := parseName(host + "@" + id.String() + "." + "0123456789abcdef" + tempSuffix); !ok || f.suffix != tempSuffix {
		t.Errorf("parseName of a temporary file = %+v, %v", f, ok)
	}
	for _, s := range []string{"", "cache.json", "@", host, host + "@", host + "@abc.json", name(host, id, ".bak"), name(host, id, entrySuffix) + "~", "@" + id.String() + entrySuffix,
		host + "@" + id.String() + "." + "0123456789abcdef" + "0" + tempSuffix, host + "@" + strings.Repeat("z", 64) + entrySuffix} {
		if f, ok := parseName(s); ok {
			t.Errorf("parseName(%q) = %+v", s, f)
		}
	}
}

// id returns a key for e.
func (e Entry) id() Key { return sha256.Sum256([]byte(e.IssuedTo)) }
