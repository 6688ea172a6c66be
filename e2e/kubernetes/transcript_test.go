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

// A transcript contains the output of processes, in lines. It is safe for concurrent use.
type transcript struct {
	mu    sync.Mutex
	lines []string
	rest  []byte        // an incomplete line
	more  chan struct{} // closed by the next line
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

// length returns the number of lines, for await.
func (l *transcript) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// since returns the lines after the first n, and a channel that is closed by the next line.
func (l *transcript) since(n int) ([]string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines[n:]), l.more
}

// await waits for a line that contains all words, after the first n lines, and returns it.
func (l *transcript) await(t *testing.T, n int, words ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), conditionTimeout)
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
			t.Fatalf("no line contains %q:\n%s", words, l.tail(30))
		}
	}
}

// tail returns the last n lines.
func (l *transcript) tail(n int) string {
	lines, _ := l.since(0)
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func containsAll(s string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(s, w) })
}

// conditionTimeout limits the wait for a condition that is usually met within two seconds.
const conditionTimeout = 40 * time.Second
