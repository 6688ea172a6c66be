package awstest

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// A Fault changes the response to calls of Op. HoldUntil, Release and Delay are applied first. Then the first field that
// is set decides the response: Hang, Drop, Body, Type or Status. If none is set, the call gets its regular response.
type Fault struct {
	Op    Operation // "" matches every operation
	Times int       // number of calls affected; 0 means all until ClearFaults

	// Chance is the probability that a matching call is affected, for faults at random; 0 means that all are.
	Chance float64

	// HoldUntil holds the responses until this many matching calls have arrived, so that these calls are concurrent. It
	// also counts the calls that other faults affect. Later calls are not held.
	HoldUntil int
	// Release holds the responses until it is closed, as an API that hangs and recovers. Nil holds none.
	Release <-chan struct{}

	Delay time.Duration // ends early if the client disconnects or the Server is closed
	Hang  bool          // sends no response, until the client disconnects or the Server is closed
	Drop  bool          // closes the connection without a response

	Status int // HTTP status; 0 means 400 with Type, 200 with Body; alone, the body is the status text

	Type, Message string // an AWS error, in the protocol of the operation; throttling needs no Message
	EchoRequest   bool   // appends the whole request to Message or Body: headers and body, with the secrets in them

	Body, ContentType string // sent unchanged; an empty ContentType means text/plain

	Truncate bool // cuts the body of any response in half; Content-Length is that of the whole body
}

// An injection is a Fault and its state.
type injection struct {
	Fault
	matched  int           // number of matching calls
	affected int           // number of calls to which the fault was applied
	arrived  chan struct{} // closed after HoldUntil matching calls
}

// Inject applies f to the calls that match it. If several faults match a call, the oldest one is applied.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &injection{Fault: f, arrived: make(chan struct{})})
}

// ClearFaults removes all faults. Calls that are held or hang continue to do so.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Affected returns the number of calls that each fault has affected, oldest fault first.
func (s *Server) Affected() (calls []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.faults {
		calls = append(calls, i.affected)
	}
	return calls
}

// takeFault returns the fault for one call, or nil, and counts the call.
func (s *Server) takeFault(op Operation) (taken *injection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.faults {
		if i.Op != "" && i.Op != op {
			continue
		}
		if i.matched++; i.matched == max(i.HoldUntil, 1) {
			close(i.arrived)
		}
		if taken == nil && (i.Times == 0 || i.affected < i.Times) && (i.Chance == 0 || rand.Float64() < i.Chance) {
			i.affected++
			taken = i
		}
	}
	return taken
}

// wait applies HoldUntil, Release, Delay, Hang and Drop. It reports whether to send a response: not if the client has
// disconnected or the Server is closed.
func (s *Server) wait(ctx context.Context, f *injection) bool {
	if f == nil {
		return true
	}
	if !waitFor(ctx, s.done, f.arrived) || f.Release != nil && !waitFor(ctx, s.done, f.Release) {
		return false
	}
	if f.Delay > 0 && !waitFor(ctx, s.done, time.After(f.Delay)) {
		return false
	}
	if f.Hang {
		return waitFor[struct{}](ctx, s.done, nil)
	}
	return !f.Drop
}

// waitFor reports whether c delivers a value or is closed before ctx ends and done is closed.
func waitFor[T any](ctx context.Context, done <-chan struct{}, c <-chan T) bool {
	select {
	case <-c:
		return true
	case <-ctx.Done():
		return false
	case <-done:
		return false
	}
}

// answer returns the response of i; ok is false if the call gets its regular response.
func (i *injection) answer(r *request) (a answer, ok bool) {
	switch {
	case i == nil:
		return answer{}, false
	case i.Body != "":
		body := i.Body
		if i.EchoRequest {
			body += requestEcho(r)
		}
		return newAnswer(cmp.Or(i.Status, http.StatusOK), cmp.Or(i.ContentType, "text/plain"), []byte(body)), true
	case i.Type != "":
		e := &apiError{cmp.Or(i.Status, http.StatusBadRequest), i.Type, i.Message}
		if e.message == "" && (i.Type == "ThrottlingException" || i.Type == "Throttling") {
			e.message = "Rate exceeded" // AWS's message
		}
		if i.EchoRequest {
			e.message += requestEcho(r)
		}
		return behaviors[r.op].protocol.fail(e), true
	case i.Status != 0:
		return plain.fail(&apiError{status: i.Status, message: http.StatusText(i.Status)}), true
	}
	return answer{}, false
}
