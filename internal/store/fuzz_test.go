package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"ecrlogin/registry"
)

// FuzzRoute checks for any file that its route, if it has one, is the same after it was saved again.
func FuzzRoute(f *testing.F) {
	const address = "registry.example.com:5000"
	for _, lines := range []string{
		"", address + "\n" + host + "\n\n0s\n\n", address + "\n" + host + "\n~/cache\n1m0s\nA B_*\n", address + "\n\n\n-1s\n\n",
		"other.example.com\n" + host + "\n\n0s\n\n", address + "\n" + host + "\n\n1e9\n\n",
	} {
		f.Add([]byte("ecr-login route 2\n" + lines))
	}
	f.Add([]byte("ecr-login route 3\n"))
	s := newStore(f)
	configuration := []byte("timeout: 1m\n")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := s.write(routeName(address, configuration), content); err != nil {
			t.Fatal(err)
		}
		r, ok := s.LoadRoute(address, configuration)
		if !ok {
			return
		}
		if r.Timeout < 0 {
			t.Errorf("%q: %+v", content, r)
		}
		s.SaveRoute(address, configuration, r, time.Now())
		if again, ok := s.LoadRoute(address, configuration); !ok || !reflect.DeepEqual(again, r) {
			t.Errorf("%q: loaded %+v, and after it was saved %+v, %t", content, r, again, ok)
		}
	})
}

// FuzzFailure checks for any file that its failure, if it has one, is one line and the same after it was saved again.
func FuzzFailure(f *testing.F) {
	f.Add([]byte("ecr-login failure 2\ncause\nnext\ntrue\nfalse\nfalse\ntrue\nclient\n1\n2\n"))
	f.Add([]byte("ecr-login failure 2\n\n\n\n\n\n\n\n1\n2\n"))
	f.Add([]byte("ecr-login failure 3\n"))
	s := newStore(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := s.write(name(host, Login, failureSuffix), content); err != nil {
			t.Fatal(err)
		}
		v, ok := s.LoadFailure(host, Login)
		if !ok {
			return
		}
		if v.Cause == "" || strings.Contains(v.Cause+v.Next+v.Client, "\n") {
			t.Errorf("%q: %+v", content, v)
		}
		s.SaveFailure(host, Login, v)
		if again, ok := s.LoadFailure(host, Login); !ok || again != v {
			t.Errorf("%q: loaded %+v, and after it was saved %+v, %t", content, v, again, ok)
		}
	})
}

// FuzzName checks that every name of a file that is parsed is the name of its parts, and that no name of a registry
// leads to another directory.
func FuzzName(f *testing.F) {
	key := Login.String()
	for _, s := range []string{entrySuffix, failureSuffix, erasedSuffix, routeSuffix, ".lock", ".2.lock", ".0123456789abcdef.tmp", ""} {
		f.Add(host + "@" + key + s)
	}
	f.Add("@" + key + entrySuffix)
	f.Add("../" + host + "@" + key + entrySuffix)
	f.Fuzz(func(t *testing.T, in string) {
		if parsed, ok := parseName(in); ok && parsed.suffix != tempSuffix && !strings.EqualFold(name(parsed.host, parsed.id, parsed.suffix), in) {
			t.Errorf("%q: %+v", in, parsed)
		}
		if r, err := registry.Parse(in); err == nil && strings.ContainsAny(name(r.Host, Login, entrySuffix), `/\:`) {
			t.Errorf("%q: %s", in, name(r.Host, Login, entrySuffix))
		}
	})
}

func newStore(f *testing.F) *Store {
	s, err := Create(f.TempDir()+"/cache", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	return s
}
