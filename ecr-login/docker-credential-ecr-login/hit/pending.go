package hit

import "io"

// An ending is a reader of nothing: its error is what ended the input. The input itself is not to be read again, since at
// a terminal that would wait for a second end.
type ending struct{ err error }

func (e ending) Read([]byte) (int, error) { return 0, e.err }

// A pending is input that a goroutine is reading, and the reader of it for whoever does not wait.
type pending struct {
	from  io.Reader
	done  chan struct{}
	input []byte // as far as it was read, when done is closed
	err   error  // why it was not read on, nil if there may be more
}

// pend starts reading into a buffer.
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

// Read implements io.Reader: all of the input, from the beginning.
func (p *pending) Read(b []byte) (int, error) {
	<-p.done
	if n := copy(b, p.input); n > 0 {
		p.input = p.input[n:]
		return n, nil
	}
	return p.rest().Read(b)
}

// rest returns a reader of what follows the input, when done is closed.
func (p *pending) rest() io.Reader {
	if p.err != nil {
		return ending{p.err}
	}
	return p.from
}
