package cache_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ecrlogin/internal/store"
)

// While two goroutines write the same entry, a reader reads one of the two, complete.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	s, err := store.Create(filepath.Join(t.TempDir(), "cache"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var id store.Key
	now := time.Now().Unix()
	// The lengths differ, so that a mixture would be too long or too short.
	entries := []store.Entry{
		{Host: host, Username: "AWS", Password: strings.Repeat("a", 1000), Issued: now, Expiry: now + 60},
		{Host: host, Username: "AWS", Password: strings.Repeat("b", 3000), Issued: now, Expiry: now + 90},
	}
	write := func(e store.Entry) {
		if err := s.Save(e, id); err != nil {
			t.Error(err)
		}
	}
	write(entries[0])
	done := make(chan struct{})
	var readers, writers sync.WaitGroup
	readers.Go(func() {
		for {
			got, err := s.Load(host, id)
			if err != nil || got != entries[0] && got != entries[1] {
				t.Errorf("read an entry of %d characters, %v", len(got.Password), err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for _, e := range entries {
		writers.Go(func() {
			for range 300 {
				write(e)
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}
