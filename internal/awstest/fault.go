package awstest

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Fault is what goes wrong with the calls that match Op and Host. Delay comes first; then the first of Hang, Drop, Body, Type
// and Status that is set decides. With none of them the call gets its right answer.
type Fault struct {
	Op    Operation // "" means every operation
	Host  string    // as in Call.Host; "" means every host
	Times int       // how many calls it spoils; 0 means all until ClearFaults

	Delay time.Duration // waited first; cut short when the client goes away or the stand-in is closed
	Hang  bool          // no answer at all, until the client goes away or the stand-in is closed
	Drop  bool          // no answer; the connection is closed

	Status int // HTTP status; 0 means 400 with Type, 200 with Body; alone, it is answered with its own text

	Type, Message string // an AWS error, in the protocol of the operation; throttling needs no Message
	Repeat        bool   // adds the whole request to Message, its headers and its body with the secrets in them

	Body, ContentType string // answered as it stands; "" means text/plain

	Truncate bool // cuts the answer, whichever it is, in its middle; Content-Length is that of the whole
}

// faults holds what was injected, oldest first. The zero value is empty.
type faults struct {
	mu       sync.Mutex
	injected []*Fault
}

// Inject makes the calls that match f fail. The oldest fault that matches a call wins.
func (s *Server) Inject(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.injected = append(s.faults.injected, &f)
}

// ClearFaults takes all faults back. Calls that hang already go on hanging.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.injected = nil
}

// take returns the fault for one call, or the zero Fault, and uses up one of its Times.
func (f *faults) take(op Operation, host string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.injected, func(f *Fault) bool {
		return (f.Op == "" || f.Op == op) && (f.Host == "" || f.Host == host)
	})
	if i < 0 {
		return Fault{}
	}
	taken := f.injected[i]
	if taken.Times > 0 {
		if taken.Times--; taken.Times == 0 {
			f.injected = slices.Delete(f.injected, i, i+1)
		}
	}
	return *taken
}

// wait waits as f wants. It reports whether there is to be an answer: the client, ctx, and the stand-in are still there, and f does
// not drop the connection.
func (s *Server) wait(ctx context.Context, f Fault) bool {
	if f.Delay <= 0 && !f.Hang {
		return !f.Drop
	}
	var elapsed <-chan time.Time // never, to hang
	if !f.Hang {
		elapsed = time.After(f.Delay)
	}
	select {
	case <-elapsed:
		return !f.Drop
	case <-ctx.Done():
		return false
	case <-s.done:
		return false
	}
}

// answer returns the answer that f gives in place of the right one, if it does.
func (f Fault) answer(r *request) (answer, bool) {
	switch {
	case f.Body != "":
		return newAnswer(cmp.Or(f.Status, http.StatusOK), cmp.Or(f.ContentType, "text/plain"), []byte(f.Body)), true
	case f.Type != "":
		e := &apiError{cmp.Or(f.Status, http.StatusBadRequest), f.Type, f.Message}
		if e.message == "" && (f.Type == "ThrottlingException" || f.Type == "Throttling") {
			e.message = "Rate exceeded" // what AWS says to everyone
		}
		if f.Repeat {
			e.message += repetition(r)
		}
		return r.op.behaviour().protocol.fail(e), true
	case f.Status != 0:
		return plain.fail(&apiError{status: f.Status, message: http.StatusText(f.Status)}), true
	}
	return answer{}, false
}
