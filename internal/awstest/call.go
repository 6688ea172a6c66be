package awstest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A Call is a request to one of the APIs, including failed ones.
type Call struct {
	Op      Operation  // empty if the operation is unknown
	Host    string     // the host of the CONNECT request, or else the Host header
	Region  string     // from the signature, like Service and KeyID; empty if the request is not signed
	Service string     // signing name, e.g. "ecr"
	KeyID   string     // access key ID
	Proxied bool       // received via the proxy
	Time    time.Time  // of the Server's clock
	Agent   string     // User-Agent header
	Form    url.Values // parameters of STS operations, without WebIdentityToken
}

func (s *Server) record(r *request) {
	form := maps.Clone(r.form)
	form.Del("WebIdentityToken")
	call := Call{
		Op: r.op, Host: r.host, Proxied: r.proxied, Time: s.now(), Form: form, Agent: r.Header.Get("User-Agent"),
		Region: r.signed.region, Service: r.signed.service, KeyID: r.signed.keyID,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
}

// Calls returns the calls since the start or ResetCalls, in order of arrival.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// DialedHosts returns the hosts of the CONNECT requests since the start or ResetCalls, in order, without port 443. Each
// connection adds its host.
func (s *Server) DialedHosts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dialed)
}

// Count returns the number of calls of op since the start or ResetCalls.
func (s *Server) Count(op Operation) int {
	return s.count(func(c Call) bool { return c.Op == op })
}

// CountKey is Count for the calls signed with the access key keyID.
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

// ResetCalls clears the recorded calls and dialed hosts. A connection that was opened before is not recorded afterward,
// also if its CONNECT request arrives only then.
func (s *Server) ResetCalls() {
	// Connections are accepted in their order. When this one gets a response, all earlier ones have been accepted.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if resp, err := client.Get(s.Proxy); err == nil {
		resp.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.dialed = nil, nil
	s.resets++
}
