package fastpath

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// A pending returns what its goroutine read and the data after it. After the end, it does not read the input again.
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
		{"same length as the buffer", strings.NewReader("12345678"), "12345678", "12345678", nil},
		{"longer than the buffer", strings.NewReader("123456789 and more"), "12345678", "123456789 and more", nil},
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

// A pending waits for input.
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
