package store

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

var entry = Entry{Version: version, Host: host, Account: "123456789012", Region: "us-west-2", As: `profile "dev"`, Username: "AWS", Password: "secret",
	Issued: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC).Unix(), Expiry: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC).Unix()}

func TestValidAndFresh(t *testing.T) {
	for _, tt := range []struct {
		after        time.Duration
		valid, fresh bool
	}{
		{0, true, true},
		{6*time.Hour - time.Second, true, true},
		{6 * time.Hour, true, false},
		{12*time.Hour - time.Second, true, false},
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
	// An expiry that a wrong clock makes far away is not believed.
	far := entry
	far.Expiry = far.Issued + int64((25 * time.Hour).Seconds())
	if now := time.Unix(far.Issued, 0).Add(12*time.Hour + time.Minute); far.Valid(now) {
		t.Error("a token older than tokens get is valid")
	}
	short := entry
	short.Expiry = short.Issued + 60
	if now := time.Unix(short.Issued, 0).Add(31 * time.Second); short.Fresh(now) || !short.Valid(now) {
		t.Error("a token of a minute is not past half of its life after 31 seconds")
	}
}

// FuzzDecode asserts that only a whole entry for the host is taken, and that no error repeats what was read.
func FuzzDecode(f *testing.F) {
	whole, err := json.Marshal(entry)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	for _, s := range []string{"", "null", "{}", "[]", `"x"`, "\x00\xff", `{"version":2}`, `{"version":1}`, `{"version":"1"}`, `{"version":1,"host":null}`,
		strings.Replace(string(whole), host, "210987654321.dkr.ecr.us-west-2.amazonaws.com", 1), strings.Replace(string(whole), `"secret"`, "null", 1)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decode(b, host)
		if err != nil {
			if e != (Entry{}) {
				t.Errorf("an error and an entry: %v", err)
			}
			if len(b) > 40 && strings.Contains(err.Error(), string(b)) {
				t.Errorf("the error repeats the entry: %v", err)
			}
			return
		}
		if e.Host != host || e.Version != version || e.Username == "" || e.Password == "" || e.Expiry <= e.Issued {
			t.Errorf("took %q", b)
		}
	})
}

func TestDecode(t *testing.T) {
	whole, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := decode(whole, host); err != nil || e != entry {
		t.Errorf("decode = %v, %v", e, err)
	}
	for _, s := range []string{`{"version":2,"anything":[]}`, `{"version":3,"host":[],"issued":"today"}`} {
		if _, err := decode([]byte(s), host); !errors.Is(err, ErrLater) {
			t.Errorf("decode(%q): %v, want ErrLater", s, err)
		}
	}
	for _, s := range []string{"", "null", "[]", "{}", `{"version":0}`, `{"version":1}`, string(whole[:100]), strings.Replace(string(whole), host, "public.ecr.aws", 1)} {
		if _, err := decode([]byte(s), host); err == nil || errors.Is(err, ErrLater) {
			t.Errorf("decode(%q): %v, want another error", s, err)
		}
	}
}

func TestParseName(t *testing.T) {
	id := entry.id()
	for _, suffix := range []string{entrySuffix, failureSuffix, lockSuffix} {
		if f, ok := parseName(name(host, id, suffix)); !ok || f.host != host || f.id != id || f.suffix != suffix {
			t.Errorf("parseName = %+v, %v", f, ok)
		}
	}
	if f, ok := parseName(host + "@" + id.String() + "." + random() + tempSuffix); !ok || f.suffix != tempSuffix {
		t.Errorf("parseName of a temporary file = %+v, %v", f, ok)
	}
	for _, s := range []string{"", "cache.json", "@", host, host + "@", host + "@abc.json", name(host, id, ".bak"), name(host, id, entrySuffix) + "~", "@" + id.String() + entrySuffix,
		host + "@" + id.String() + "." + random() + "0" + tempSuffix, host + "@" + strings.Repeat("z", 64) + entrySuffix} {
		if f, ok := parseName(s); ok {
			t.Errorf("parseName(%q) = %+v", s, f)
		}
	}
}

// id is an identity to keep e for.
func (e Entry) id() Identity { return Inputs{Environ: []string{"AWS_PROFILE=" + e.As}}.Identity() }
