package awstest

import (
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"
)

// A Call is one request that reached the APIs, whatever the answer was.
type Call struct {
	Op      Operation  // empty for a request that is none of the operations
	Host    string     // as dialled: what the proxy was asked for, else the Host header
	Region  string     // from the signature, as are Service and KeyID; empty when there is none
	Service string     // signing name, e.g. "ecr"
	KeyID   string     // access key ID
	Proxied bool       // it came by the proxy
	Time    time.Time  // by the stand-in's clock
	Form    url.Values // parameters of STS operations, without WebIdentityToken
}

// calls remembers what was asked. The zero value is ready.
type calls struct {
	mu      sync.Mutex
	calls   []Call
	dialled []string
}

func (c *calls) add(call Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
}

func (c *calls) dial(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialled = append(c.dialled, host)
}

func (s *Server) record(r *request) {
	form := maps.Clone(r.form)
	form.Del("WebIdentityToken")
	s.calls.add(Call{
		Op: r.op, Host: r.host, Proxied: r.proxied, Time: s.now(), Form: form,
		Region: r.signed.region, Service: r.signed.service, KeyID: r.signed.keyID,
	})
}

// Calls returns the calls since the start or ResetCalls, in the order in which they came.
func (s *Server) Calls() []Call {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return slices.Clone(s.calls.calls)
}

// DialedHosts returns the hosts that the proxy was asked for since the start or ResetCalls, one for each connection, without
// the port if that is 443.
func (s *Server) DialedHosts() []string {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return slices.Clone(s.calls.dialled)
}

// Count returns how many calls of op there were since the start or ResetCalls.
func (s *Server) Count(op Operation) int {
	return s.count(func(c Call) bool { return c.Op == op })
}

// CountKey is Count for the calls that were signed with the access key keyID.
func (s *Server) CountKey(op Operation, keyID string) int {
	return s.count(func(c Call) bool { return c.Op == op && c.KeyID == keyID })
}

func (s *Server) count(match func(Call) bool) int {
	n := 0
	for _, c := range s.Calls() {
		if match(c) {
			n++
		}
	}
	return n
}

// ResetCalls forgets the calls and the dialled hosts so far.
func (s *Server) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.calls, s.calls.dialled = nil, nil
}
