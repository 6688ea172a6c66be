// Command reader reads a password file as Clouddriver does, but in a tight loop, and reports what it found. It never
// prints a password.
//
//	reader FILE HOST OPENS CONTENTS
//
// It reads FILE at least OPENS times, and until it has found CONTENTS different passwords. It uses some of them to
// request the registry HOST.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"
)

// A Report is what reader prints as JSON.
type Report struct {
	Opens     int            // successful ones
	Faults    map[string]int // number of reads by fault
	Passwords []string       // SHA-256 of each new content, in hexadecimal digits
	Shortest  time.Duration  // the shortest remaining life of a password that was read
	Requests  int            // to the registry
	Rejected  map[string]int // number of requests by the status of the response or the error
}

// requestEvery is the number of reads for each request to the registry.
const requestEvery = 500

func main() {
	file, host := os.Args[1], os.Args[2]
	opens, err := strconv.Atoi(os.Args[3])
	contents, err2 := strconv.Atoi(os.Args[4])
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, "usage: reader FILE HOST OPENS CONTENTS")
		os.Exit(2)
	}
	r := Report{Faults: map[string]int{}, Rejected: map[string]int{}, Shortest: 24 * time.Hour}
	var last string
	var expiry time.Time
	for r.Opens < opens || len(r.Passwords) < contents {
		before := time.Now() // so a password that expires during the read does not count
		content, err := os.ReadFile(file)
		if err != nil {
			r.Faults[err.Error()]++
			continue
		}
		r.Opens++
		if string(content) != last {
			last, expiry = string(content), expiryOf(content)
			r.Passwords = append(r.Passwords, fmt.Sprintf("%x", sha256.Sum256(content)))
		}
		switch left := expiry.Sub(before); {
		case last == "":
			r.Faults["empty"]++
		case expiry.IsZero():
			r.Faults["partial"]++
		case left <= 0:
			r.Faults["expired"]++
		default:
			r.Shortest = min(r.Shortest, left)
		}
		if r.Opens%requestEvery == 0 {
			r.request(host, last)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		os.Exit(1)
	}
}

// expiryOf returns the expiry that is part of a password, in whole seconds. It is zero if the password is not complete.
func expiryOf(password []byte) time.Time {
	document, err := base64.StdEncoding.DecodeString(string(password))
	var p struct{ Expiration int64 }
	if err != nil || json.Unmarshal(document, &p) != nil {
		return time.Time{}
	}
	return time.Unix(p.Expiration, 0)
}

// request requests the registry with a password.
func (r *Report) request(host, password string) {
	r.Requests++
	request, err := http.NewRequest(http.MethodGet, "https://"+host+"/v2/", nil)
	if err != nil {
		r.Rejected[err.Error()]++
		return
	}
	request.SetBasicAuth("AWS", password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.Rejected[err.Error()]++
		return
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		r.Rejected[response.Status]++
	}
}
