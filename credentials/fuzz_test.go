package credentials_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
)

// FuzzExpiration compares the expiration time in a password with the result of a plain decoder, for any JSON document.
func FuzzExpiration(f *testing.F) {
	for _, document := range []string{
		"", "{}", "null", "[]", `{"payload":"x","datakey":"y","version":"2","type":"DATA_KEY","expiration":4102444800}`, `{"expiration":-1}`,
		`{"expiration":0}`, `{"expiration":1.5}`, `{"expiration":"1"}`, `{"expiration":1e9}`, `{"expiration":9223372036854775807}`,
		`{"expiration":9223372036854775808}`, `{"expiration":1}{}`, `{"expiration":1,"expiration":null}`, "{\"expiration\":1}\x00",
	} {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		got := credentials.Expiration(base64.StdEncoding.EncodeToString([]byte(document)))
		if got.IsZero() {
			return
		}
		if !json.Valid([]byte(document)) || got.Unix() <= 0 || got.Location() != time.UTC {
			t.Errorf("%q: %v", document, got)
		}
		for _, n := range expirations(t, document) {
			if time.Unix(n, 0).Equal(got) {
				return
			}
		}
		t.Errorf("%q has no expiration of %v", document, got)
	})
}

// expirations returns the numbers of all members with the name expiration, in any letter case, of a JSON object.
func expirations(t *testing.T, document string) (all []int64) {
	dec := json.NewDecoder(strings.NewReader(document))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		var n int64
		if strings.EqualFold(fmt.Sprint(name), "expiration") && json.Unmarshal(value, &n) == nil {
			all = append(all, n)
		}
	}
	return all
}

// FuzzExpirationEncoding checks that any other text has no expiration time, and that a token never prints it.
func FuzzExpirationEncoding(f *testing.F) {
	for _, password := range []string{"", "hunter2", "eyJleHBpcmF0aW9uIjoxfQ==", "eyJleHBpcmF0aW9uIjoxfQ", "eyJleHBpcmF0aW9u\nIjoxfQ==", "\xff"} {
		f.Add(password)
	}
	f.Fuzz(func(t *testing.T, password string) {
		got := credentials.Expiration(password)
		if _, err := base64.StdEncoding.DecodeString(password); err != nil && !got.IsZero() {
			t.Errorf("%q: %v", password, got)
		}
		token := credentials.Token{Username: "AWS", Password: password, Expiry: got}
		if text := fmt.Sprint(token); len(password) > 30 && strings.Contains(text, password) {
			t.Errorf("%q is printed", password)
		}
	})
}
