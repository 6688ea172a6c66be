package hit

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// A pending reader yields what its goroutine read, and what follows; after an end, the input is not read again.
func TestPending(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name  string
		from  io.Reader
		input string
		all   string
		err   error
	}{
		{"shorter than the buffer", strings.NewReader("host"), "host", "host", nil},
		{"as long", strings.NewReader("12345678"), "12345678", "12345678", nil},
		{"longer", strings.NewReader("123456789 and more"), "12345678", "123456789 and more", nil},
		{"empty", strings.NewReader(""), "", "", nil},
		{"in pieces", iotest.OneByteReader(strings.NewReader("host")), "host", "host", nil},
		{"broken", io.MultiReader(strings.NewReader("ho"), iotest.ErrReader(broken)), "ho", "ho", broken},
	} {
		p := pend(tt.from, make([]byte, 8))
		<-p.done
		if string(p.input) != tt.input {
			t.Errorf("%s: input %q", tt.name, p.input)
		}
		all, err := io.ReadAll(iotest.OneByteReader(p))
		if string(all) != tt.all || !errors.Is(err, tt.err) {
			t.Errorf("%s: read %q, %v", tt.name, all, err)
		}
	}
}

// It waits for input that is not there yet.
func TestPendingWaits(t *testing.T) {
	r, w := io.Pipe()
	p := pend(r, make([]byte, 8))
	go func() {
		_, _ = io.WriteString(w, "late")
		w.Close()
	}()
	if all, err := io.ReadAll(p); string(all) != "late" || err != nil {
		t.Errorf("read %q, %v", all, err)
	}
}
