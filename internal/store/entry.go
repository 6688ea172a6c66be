package store

import (
	"errors"
	"strconv"
	"time"

	"ecrlogin/internal/lifetime"
)

// An Entry is a token as it is kept in a file.
type Entry struct {
	Host     string // of the registry
	Account  string // 12 digits; empty for ECR Public
	Region   string
	IssuedTo string // whom the token was issued to, for people: a profile or source, no secret
	Username string
	Password string
	Issued   int64 // Unix seconds by this machine's clock
	Expiry   int64 // Unix seconds by AWS's clock
}

// version is that of the files written here.
const version = 1

// ErrLater is returned for an entry that a later version of this program wrote. It must be left alone.
var ErrLater = errors.New("written by a later version of this program")

// End returns when the token stops being handed out.
func (e Entry) End() time.Time {
	return lifetime.End(time.Unix(e.Issued, 0), time.Unix(e.Expiry, 0))
}

// Valid reports whether the token may still be handed out: its End has not come, and it was not issued in the future. A clock that
// was set back makes it invalid rather than immortal.
func (e Entry) Valid(now time.Time) bool {
	return now.Before(e.End()) && !now.Before(time.Unix(e.Issued, 0).Add(-lifetime.MaxClockSkew))
}

// Fresh reports whether the token is valid and not yet through half of its life, so that nobody need renew it.
func (e Entry) Fresh(now time.Time) bool {
	return e.Valid(now) && now.Before(time.Unix(e.Issued+(e.Expiry-e.Issued)/2, 0))
}

// Encode writes the entry as lines of text: what it is, then a value in each. An entry with a line break in it is an error.
func (e Entry) Encode() ([]byte, error) {
	return encodeLines("token", e.Host, e.Account, e.Region, e.IssuedTo, e.Username, e.Password, strconv.FormatInt(e.Issued, 10), strconv.FormatInt(e.Expiry, 10))
}

// Decode reads what Encode wrote of an entry for host. Anything but a whole entry for that host is an error, which never
// repeats the entry; it is ErrLater for an entry of a later version.
func Decode(b []byte, host string) (Entry, error) {
	v, err := decodeLines(b, "token", 8)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Host: v[0], Account: v[1], Region: v[2], IssuedTo: v[3], Username: v[4], Password: v[5]}
	var issuedErr, expiryErr error
	e.Issued, issuedErr = strconv.ParseInt(v[6], 10, 64)
	e.Expiry, expiryErr = strconv.ParseInt(v[7], 10, 64)
	switch {
	case issuedErr != nil || expiryErr != nil:
		return Entry{}, errForm
	case e.Host != host:
		return Entry{}, errors.New("an entry for another host")
	case e.Username == "" || e.Password == "" || e.Issued <= 0 || e.Expiry <= e.Issued:
		return Entry{}, errors.New("an entry without a token")
	}
	return e, nil
}
