package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"sync"
)

// faults collects what is wrong, and counts messages. It is safe for concurrent use.
type faults struct {
	out io.Writer

	mu       sync.Mutex
	found    int
	messages map[string]int
}

func newFaults(out io.Writer) *faults { return &faults{out: out, messages: map[string]int{}} }

// shown is how many faults are printed.
const shown = 50

// add adds a fault.
func (f *faults) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.found++; f.found <= shown {
		fmt.Fprintf(f.out, "FAULT: "+format+"\n", args...)
	}
}

// err returns an error if there is a fault.
func (f *faults) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.found == 0 {
		return nil
	}
	return fmt.Errorf("%d faults", f.found)
}

// varying matches the parts of a message that differ between processes.
var varying = regexp.MustCompile(`/\S+/ecr-login-soak\S+|[a-z0-9.-]+\.(com|aws)\b|127\.0\.0\.1:\d+|` +
	`\d+(\.\d+)?m?s\b|\d+`)

// count counts a message, without the parts that vary.
func (f *faults) count(message string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages[varying.ReplaceAllString(message, "…")]++
}

// print prints how often each message was counted.
func (f *faults) print(out io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range slices.SortedFunc(maps.Keys(f.messages), func(a, b string) int { return f.messages[b] - f.messages[a] }) {
		fmt.Fprintf(out, "%8d × %s\n", f.messages[m], m)
	}
}
