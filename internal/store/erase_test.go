package store

import (
	"path/filepath"
	"slices"
	"testing"
)

// Erase removes all files that may contain a token, including invalid entries, entries of a later version, and
// temporary files. It removes all locks except those that are held.
func TestErase(t *testing.T) {
	const other = "210987654321.dkr.ecr.us-west-2.amazonaws.com"
	id := entry.id()
	broken, later := Key{1}, Key{2}
	foreign := []string{"config.json", host + ".token"}
	locks := []string{name(host, id, lockSuffixes[0]), name(other, id, lockSuffixes[2])}
	held := name(host, id, lockSuffixes[1])
	for what, tt := range map[string]struct {
		host string
		left []string
	}{
		"one host":  {host, []string{locks[1], name(other, id, entrySuffix), name(other, id, failureSuffix), generationName(host)}},
		"all hosts": {AllHosts, []string{generationName(host), generationName(other)}},
	} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cache")
			s, err := Create(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, h := range []string{host, other} {
				e := entry
				e.Host = h
				if err := s.Save(e, id); err != nil {
					t.Fatal(err)
				}
				s.SaveFailure(h, id, Failure{Cause: "denied"})
			}
			for name, content := range map[string]string{
				name(host, broken, entrySuffix): "half an entr", name(host, later, entrySuffix): "ecr-login token 3\n",
				host + "@" + id.String() + ".0123456789abcdef" + tempSuffix: "half an entr",
				foreign[0]: "", foreign[1]: "", locks[0]: "", locks[1]: "",
			} {
				if err := s.root.WriteFile(name, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			unlock, ok := s.TryLock(held)
			if !ok {
				t.Fatal("the lock is not available")
			}
			defer unlock()
			if err := s.Erase(tt.host); err != nil {
				t.Fatal(err)
			}
			paths, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range paths {
				got = append(got, filepath.Base(p))
			}
			want := slices.Sorted(slices.Values(slices.Concat(foreign, []string{held}, tt.left)))
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("the directory contains %q, want %q", got, want)
			}
		})
	}
}
