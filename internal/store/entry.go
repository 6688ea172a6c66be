package store

import (
	"errors"
	"strconv"
	"time"

	"ecrlogin/internal/lifetime"
)

// An Entry is a token in the cache.
type Entry struct {
	Host     string // of the registry, or the name of an API: registry.API
	Account  string // 12 digits; empty for ECR Public and for an API
	Region   string
	Origin   string // host of the registry that the token was requested for, for display
	IssuedTo string // the profile or other source of the identity, for display
	Username string
	Password string
	Issued   int64 // Unix seconds, by this machine's clock
	Expiry   int64 // Unix seconds, by AWS's clock
}

// version is the version of the file format.
const version = 2

// ErrLater reports an entry that a later version of this program wrote. It must not be changed.
var ErrLater = errors.New("written by a later version of this program")

// End returns the time after which the token is not returned to clients.
func (e Entry) End() time.Time {
	return lifetime.End(time.Unix(e.Issued, 0), time.Unix(e.Expiry, 0))
}

// Valid reports whether the token may be returned to clients: now is before its End, and it was not issued in the
// future, as after the clock was set back.
func (e Entry) Valid(now time.Time) bool {
	return now.Before(e.End()) && !now.Before(time.Unix(e.Issued, 0).Add(-lifetime.MaxClockSkew))
}

// Fresh reports whether the token is valid and need not be renewed yet: lifetime.Renewal. That depends on the region,
// so that it is the same for an API and its registries.
func (e Entry) Fresh(now time.Time) bool {
	return e.Valid(now) && now.Before(e.renewal())
}

// renewal returns when the token is renewed.
func (e Entry) renewal() time.Time {
	return lifetime.Renewal(time.Unix(e.Issued, 0), time.Unix(e.Expiry, 0), e.Region)
}

// Encode encodes the entry as lines of text. A value that contains a line break is an error.
func (e Entry) Encode() ([]byte, error) {
	return encodeLines("token", e.Host, e.Account, e.Region, e.Origin, e.IssuedTo, e.Username, e.Password,
		strconv.FormatInt(e.Issued, 10), strconv.FormatInt(e.Expiry, 10))
}

// Decode decodes an entry for host. The error is ErrLater for an entry of a later version. No error contains a part of
// the entry.
func Decode(b []byte, host string) (Entry, error) {
	v, err := decodeLines(b, "token", 9)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{
		Host: v[0], Account: v[1], Region: v[2], Origin: v[3], IssuedTo: v[4], Username: v[5], Password: v[6],
	}
	var issuedErr, expiryErr error
	e.Issued, issuedErr = strconv.ParseInt(v[7], 10, 64)
	e.Expiry, expiryErr = strconv.ParseInt(v[8], 10, 64)
	switch {
	case issuedErr != nil || expiryErr != nil:
		return Entry{}, errForm
	case e.Host != host:
		return Entry{}, errors.New("entry of another host")
	case e.Username == "" || e.Password == "" || e.Issued <= 0 || e.Expiry <= e.Issued:
		return Entry{}, errors.New("entry without a token")
	}
	return e, nil
}
