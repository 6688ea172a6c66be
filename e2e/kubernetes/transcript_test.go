package kubernetes

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A transcript is what processes say, line by line. It is written to by many at once.
type transcript struct {
	mu    sync.Mutex
	lines []string
	rest  []byte        // of a line that has no end yet
	more  chan struct{} // closed with the next line
}

func newTranscript() *transcript { return &transcript{more: make(chan struct{})} }

func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	before := len(l.lines)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			break
		}
		l.lines, l.rest = append(l.lines, string(line)), rest
	}
	if len(l.lines) > before {
		close(l.more)
		l.more = make(chan struct{})
	}
	return len(p), nil
}

// said returns how many lines there are, for await.
func (l *transcript) said() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// since returns the lines after the first n, and what is closed when there is another.
func (l *transcript) since(n int) ([]string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines[n:]), l.more
}

// await returns the first line after the first n in which all of the words stand.
func (l *transcript) await(t *testing.T, n int, words ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		lines, more := l.since(n)
		for _, line := range lines {
			if containsAll(line, words) {
				return line
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("nobody says %q:\n%s", words, l.tail(30))
		}
	}
}

// tail returns the last lines.
func (l *transcript) tail(n int) string {
	lines, _ := l.since(0)
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func containsAll(s string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(s, w) })
}

// patience is how long a condition is waited for that comes true within a second or two.
const patience = 40 * time.Second
