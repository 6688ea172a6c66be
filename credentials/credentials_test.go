package credentials

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

const secret = "eyJwYXlsb2FkIjoic2VjcmV0In0="

var token = Token{
	Username: "AWS",
	Password: secret,
	Issued:   time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC),
	Expiry:   time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC),
}

func TestValidRoleARN(t *testing.T) {
	for arn, want := range map[string]bool{
		"arn:aws:iam::123456789012:role/pull":                 true,
		"arn:aws-us-gov:iam::123456789012:role/a/b/pull@corp": true,
		"":                                    false,
		"pull":                                false,
		"arn:aws:iam::123456789012:role/":     false,
		"arn:aws:iam::12345678901:role/pull":  false,
		"arn:aws:iam::123456789012:user/pull": false,
		"arn:aws:iam:us-east-1:123456789012:role/pull":     false,
		"arn:aws:sts::123456789012:assumed-role/pull/name": false,
		"arn:aws:iam::123456789012:role/pull\n":            false,
		"arn:aws:iam::123456789012:role/pull;id":           false,
	} {
		if got := ValidRoleARN(arn); got != want {
			t.Errorf("ValidRoleARN(%q) = %v, want %v", arn, got, want)
		}
	}
}

func TestTokenNeverShowsItsPassword(t *testing.T) {
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		shown[verb] = fmt.Sprintf(verb, token)
		shown[verb+" of a pointer"] = fmt.Sprintf(verb, &token)
		shown[verb+" of a struct"] = fmt.Sprintf(verb, struct{ T Token }{token})
		shown[verb+" of a slice"] = fmt.Sprintf(verb, []Token{token})
	}
	asJSON, err := json.Marshal(map[string]any{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(asJSON)
	if want := `{"token":{"username":"AWS","issuedTo":"","issued":"2026-01-02T03:00:00Z","expiry":"2026-01-02T15:00:00Z"}}`; string(asJSON) != want {
		t.Errorf("JSON = %s, want %s", asJSON, want)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("got", "token", token)
	shown["text log"] = log.String()
	log.Reset()
	slog.New(slog.NewJSONHandler(&log, nil)).Info("got", "token", token)
	shown["JSON log"] = log.String()

	for how, got := range shown {
		if strings.Contains(got, secret) || strings.Contains(got, fmt.Sprintf("%x", secret)) {
			t.Errorf("%s shows the password: %s", how, got)
		}
		if !strings.Contains(got, "AWS") {
			t.Errorf("%s does not show the user name: %s", how, got)
		}
	}
}

func TestWebIdentityNeverShowsItsToken(t *testing.T) {
	identity := WebIdentity{RoleARN: "arn:aws:iam::123456789012:role/pull", Token: secret, Label: "service account a/b"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("got", "identity", identity)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("got", "identity", &identity)
	asJSON, err := json.Marshal(identity)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%#v %+v %s %s", identity, &identity, asJSON, log.String())
	if strings.Contains(got, secret) || !strings.Contains(got, identity.Label) {
		t.Errorf("got %s", got)
	}
}
