package store

import "strconv"

// A Failure is a cached failure of a request.
type Failure struct {
	Cause      string // as in credentials.Error, without a secret
	Next       string // as in credentials.Error
	NoIdentity bool   // whether the error wraps credentials.ErrNoIdentity
	Mistake    bool   // whether the error wraps credentials.ErrConfiguration
	Renewal    bool   // whether the request renewed a valid token, and had less time
	Timeout    bool   // whether a time limit ended the request, so that another one may succeed
	Client     string // identifies the client that the failure was reported to; "" if it is unknown
	Began      int64  // Unix nanoseconds
	Ended      int64  // Unix nanoseconds
}

// LoadFailure returns the last failure for a host and identity; ok is false if there is none.
func (s *Store) LoadFailure(host string, id Key) (f Failure, ok bool) {
	b, err := s.read(name(host, id, failureSuffix))
	if err != nil {
		return Failure{}, false
	}
	v, err := decodeLines(b, "failure", 9)
	if err != nil || v[0] == "" {
		return Failure{}, false
	}
	began, beganErr := strconv.ParseInt(v[7], 10, 64)
	ended, endedErr := strconv.ParseInt(v[8], 10, 64)
	f = Failure{
		Cause: v[0], Next: v[1], NoIdentity: v[2] == "true", Mistake: v[3] == "true",
		Renewal: v[4] == "true", Timeout: v[5] == "true",
		Client: v[6], Began: began, Ended: ended,
	}
	return f, beganErr == nil && endedErr == nil
}

// A Failed is a failure, and the host and the identity of the request.
type Failed struct {
	Failure
	Host string
	For  Key
}

// Failures returns the last failures of all hosts and identities, in no particular order.
func (s *Store) Failures() ([]Failed, error) {
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	var all []Failed
	for _, file := range files {
		if file.suffix != failureSuffix {
			continue
		}
		if f, ok := s.LoadFailure(file.host, file.id); ok {
			all = append(all, Failed{f, file.host, file.id})
		}
	}
	return all, nil
}

// SaveFailure stores a failure. It ignores errors, because the caller returns the failure in any case.
func (s *Store) SaveFailure(host string, id Key, f Failure) {
	b, err := encodeLines("failure", f.Cause, f.Next,
		strconv.FormatBool(f.NoIdentity), strconv.FormatBool(f.Mistake),
		strconv.FormatBool(f.Renewal), strconv.FormatBool(f.Timeout),
		f.Client, strconv.FormatInt(f.Began, 10), strconv.FormatInt(f.Ended, 10))
	if err == nil {
		_ = s.write(name(host, id, failureSuffix), b)
	}
}

// Forget removes the failure for a host and identity.
func (s *Store) Forget(host string, id Key) {
	_ = s.root.Remove(name(host, id, failureSuffix))
}
