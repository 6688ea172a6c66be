package awstest

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Bytes leave a direction in order, exactly when they are due, and in any number.
func TestDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		program, from := net.Pipe()
		to, server := net.Pipe()
		count := &linkCount{link: new(Link)}
		d := direction{from: from, to: to, delay: 25 * time.Millisecond, hold: 50 * time.Millisecond, taken: count.sent, leaves: count.arrives}
		go d.run()

		began := time.Now()
		go func() {
			for range 100 {
				_, _ = program.Write(make([]byte, 64<<10))
			}
			time.Sleep(200 * time.Millisecond)
			_, _ = program.Write([]byte("later"))
			program.Close()
		}()
		arrives := func(want []byte, after time.Duration) {
			t.Helper()
			got := make([]byte, len(want))
			if _, err := io.ReadFull(server, got); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != after || !bytes.Equal(got, want) {
				t.Errorf("%d bytes after %s, want the same bytes after %s", len(got), took, after)
			}
		}
		arrives(make([]byte, 100*64<<10), 75*time.Millisecond)
		arrives([]byte("later"), 225*time.Millisecond)
		if _, err := server.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the end: %v", err)
		}
	})
}
