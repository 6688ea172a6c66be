package kubernetes

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A relay forwards TCP connections, until they are cut: it then stops reading and writing, and closes nothing.
type relay struct {
	address string
	mu      sync.Mutex
	hang    chan struct{} // closed to cut the present connections
	conns   []net.Conn
}

// startRelay starts a relay to an address. It ends with the test.
func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: listener.Addr().String(), hang: make(chan struct{})}
	t.Cleanup(func() {
		listener.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.conns {
			c.Close()
		}
	})
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, in, out)
			go forward(in, out, r.hang)
			go forward(out, in, r.hang)
			r.mu.Unlock()
		}
	}()
	return r
}

// forward copies from one connection to the other until hang is closed, and closes both only before that.
func forward(to, from net.Conn, hang <-chan struct{}) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-hang:
			return
		default:
		}
		if err == nil {
			_, err = to.Write(buffer[:n])
		}
		if err != nil && err != io.EOF {
			to.Close()
			from.Close()
			return
		}
		if err == io.EOF {
			to.Close()
			return
		}
	}
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.hang)
	r.hang = make(chan struct{})
}
