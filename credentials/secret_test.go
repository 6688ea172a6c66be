package credentials_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"ecrlogin/credentials"
)

func TestReveals(t *testing.T) {
	const token = "FwoGZXIvYXdzE/Jq+bW9udGFpbg==unlike-any-word:of-a-message"
	const short = "pod-token"
	basic := func(userAndPassword string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(userAndPassword))
	}
	for name, tt := range map[string]struct {
		text string
		want bool
	}{
		"nothing":                  {"", false},
		"other text":               {"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:BatchGetImage", false},
		"all of it":                {"the token is " + token, true},
		"the first 16 characters":  {token[:16] + "…", true},
		"16 of it":                 {"…" + token[20:36] + "…", true},
		"15 of it":                 {"…" + token[20:35] + "…", false},
		"query encoded":            {url.QueryEscape(token), true},
		"path encoded":             {url.PathEscape(token), true},
		"a short piece, encoded":   {"%2bbW9udGFpbg%3d%3dunl", true},
		"escaped slashes":          {strings.ReplaceAll(token[:18], "/", `\/`), true},
		"basic":                    {basic("AWS:" + token), true},
		"basic of another user":    {basic("me:" + token), true},
		"basic of one more":        {basic("a:" + token), true},
		"a piece of basic":         {basic("AWS:" + token)[20:40], true},
		"URL base64":               {base64.RawURLEncoding.EncodeToString([]byte("x:" + token)), true},
		"short secret":             {"Authorization: " + short, true},
		"half of the short secret": {"Authorization: " + short[:6], false},
		"a secret too short":       {"ab is everywhere", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := credentials.Reveals(tt.text, "", "ab", short, token); got != tt.want {
				t.Errorf("Reveals(%q) = %v, want %v", tt.text, got, tt.want)
			}
		})
	}
}
