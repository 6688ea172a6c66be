package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// An Entry is a token as it is kept in a file. Its JSON holds the password; it is for that file alone.
type Entry struct {
	Version  int    `json:"version"`
	Host     string `json:"host"` // of the registry
	Account  string `json:"account,omitempty"`
	Region   string `json:"region"`
	As       string `json:"as"` // whom the token was issued to, for people: a profile or source, no secret
	Username string `json:"username"`
	Password string `json:"password"`
	Issued   int64  `json:"issued"` // Unix seconds by this machine's clock
	Expiry   int64  `json:"expiry"` // Unix seconds by AWS's clock
}

// version is that of the entries written here.
const version = 1

// ErrLater is returned for an entry that a later version of this program wrote. It must be left alone.
var ErrLater = errors.New("written by a later version of this program")

// maxLife is how long AWS lets a token live. It bounds what is believed of an entry, because issue and expiry are told
// by two clocks.
const maxLife = 12 * time.Hour

// tolerance is how far clocks may be apart, and still are while AWS accepts a signature.
const tolerance = 5 * time.Minute

// Valid reports whether the token may still be handed out: it has not expired, was not issued in the future, and is not
// older than a token gets. A clock that was set back makes it invalid rather than immortal.
func (e Entry) Valid(now time.Time) bool {
	issued := time.Unix(e.Issued, 0)
	return now.Before(time.Unix(e.Expiry, 0)) && now.Before(issued.Add(maxLife)) && !now.Before(issued.Add(-tolerance))
}

// Fresh reports whether the token is valid and not yet through half of its life, so that nobody need renew it.
func (e Entry) Fresh(now time.Time) bool {
	return e.Valid(now) && now.Before(time.Unix(e.Issued+(e.Expiry-e.Issued)/2, 0))
}

// decode reads an entry for host. Anything but a whole entry for that host is an error, which never repeats the entry.
func decode(b []byte, host string) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(b, &e); err != nil {
		e = Entry{} // nothing of what does not fit is believed, and what the parser says may repeat a part of it
		var later struct{ Version int }
		if json.Unmarshal(b, &later) == nil {
			e.Version = later.Version
		}
	}
	switch {
	case e.Version > version:
		return Entry{}, ErrLater
	case e.Version != version:
		return Entry{}, fmt.Errorf("not an entry of version %d", version)
	case e.Host != host:
		return Entry{}, errors.New("an entry for another host")
	case e.Username == "" || e.Password == "" || e.Issued <= 0 || e.Expiry <= e.Issued:
		return Entry{}, errors.New("an entry without a token")
	}
	return e, nil
}
