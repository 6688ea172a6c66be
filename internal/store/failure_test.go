package store

import (
	"path/filepath"
	"testing"
)

// A failure is loaded as it was saved, until it is forgotten.
func TestFailure(t *testing.T) {
	s, err := Create(filepath.Join(t.TempDir(), "cache"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id := entry.id()
	for _, want := range []Failure{
		{Cause: "no route", Began: 1, Ended: 2},
		{Cause: "denied", Next: "log in", NoIdentity: true, Began: 1, Ended: 2},
		{Cause: "no profile", Mistake: true, Client: "1234@5678", Began: 1, Ended: 2},
		{Cause: "slow", Renewal: true, Began: 1, Ended: 2},
		{Cause: "slow", Timeout: true, Began: 1, Ended: 2},
	} {
		s.SaveFailure(host, id, want)
		if got, ok := s.LoadFailure(host, id); !ok || got != want {
			t.Errorf("LoadFailure = %+v, %v, want %+v", got, ok, want)
		}
	}
	s.Forget(host, id)
	if f, ok := s.LoadFailure(host, id); ok {
		t.Errorf("LoadFailure = %+v after Forget", f)
	}
}
