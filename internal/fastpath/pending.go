package fastpath

import "io"

// An ending is a reader that only returns the error that ended the input. The input itself must not be read again,
// because a terminal would wait for a second end of file.
type ending struct{ err error }

func (e ending) Read([]byte) (int, error) { return 0, e.err }

// A pending is a reader of input that a goroutine is reading. It allows the caller to wait for the input with a
// timeout.
type pending struct {
	from  io.Reader
	done  chan struct{}
	input []byte // the input that was read; valid after done is closed
	err   error  // why reading stopped; nil if there may be more input
}

// pend starts reading from into a buffer.
func pend(from io.Reader, buffer []byte) *pending {
	p := &pending{from: from, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		n, err := io.ReadFull(from, buffer)
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		p.input, p.err = buffer[:n], err
	}()
	return p
}

// Read implements io.Reader. It returns all of the input, from the beginning.
func (p *pending) Read(b []byte) (int, error) {
	<-p.done
	if n := copy(b, p.input); n > 0 {
		p.input = p.input[n:]
		return n, nil
	}
	return p.rest().Read(b)
}

// rest returns a reader of the data after the input. It must only be called after done is closed.
func (p *pending) rest() io.Reader {
	if p.err != nil {
		return ending{p.err}
	}
	return p.from
}
