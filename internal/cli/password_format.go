package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ecrlogin/internal/advice"
)

// A passwordFormat is a value of --format of the command password.
type passwordFormat struct {
	name    string
	several bool // whether the format supports several hosts
	text    func([]login) ([]byte, error)
}

// passwordFormats lists the formats; the first is the default.
var passwordFormats = []passwordFormat{
	{"password", false, func(l []login) ([]byte, error) { return []byte(l[0].token.Password + "\n"), nil }},
	{"userpass", false, func(l []login) ([]byte, error) { return []byte(l[0].userpass() + "\n"), nil }},
	{"env", false, func(l []login) ([]byte, error) { return l[0].env() }},
	{"json", true, passwordsAsJSON},
	{"docker-config", true, passwordsAsDockerConfig},
}

func passwordFormatNames() (names []string) {
	for _, f := range passwordFormats {
		names = append(names, f.name)
	}
	return names
}

func (l login) userpass() string { return l.token.Username + ":" + l.token.Password }

// expiry returns the expiration time of the password in RFC 3339; "" if it is unknown.
func (l login) expiry() string {
	if l.token.Expiry.IsZero() {
		return ""
	}
	return l.token.Expiry.UTC().Format(time.RFC3339)
}

// plainCharacters have no special meaning in shells, dotenv files, env files of Docker and variables of CI systems.
const plainCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=.:_-"

// env returns variables as NAME=VALUE. Shells, dotenv parsers and "docker run --env-file" have different rules for
// quotes, so the values have none. They do not need any: hosts and times consist of plain characters, and passwords are
// base64. As users pass the output to eval, env returns an error for other values.
func (l login) env() ([]byte, error) {
	var b bytes.Buffer
	for _, v := range [][2]string{
		{"ECR_REGISTRY", l.host},
		{"ECR_USERNAME", l.token.Username},
		{"ECR_PASSWORD", l.token.Password},
		{"ECR_PASSWORD_EXPIRY", l.expiry()},
	} {
		if strings.Trim(v[1], plainCharacters) != "" {
			return nil, advice.Errorf("%s: the value of %s contains a character that is unsafe without quotes", l.host, v[0]).
				Then("use --format json")
		}
		fmt.Fprintf(&b, "%s=%s\n", v[0], v[1])
	}
	return b.Bytes(), nil
}

// passwordsAsJSON returns one object per line, so that a single host has a single object, and scripts and jq can read
// the lines of several hosts one by one.
func passwordsAsJSON(logins []login) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, l := range logins {
		if err := e.Encode(struct {
			Host     string `json:"host"`
			Username string `json:"username"`
			Password string `json:"password"`
			Expiry   string `json:"expiry,omitempty"`
			Identity string `json:"identity"`
		}{l.host, l.token.Username, l.token.Password, l.expiry(), l.token.IssuedTo}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// passwordsAsDockerConfig returns a config.json of Docker, on one line, because variables of CI systems contain it.
func passwordsAsDockerConfig(logins []login) ([]byte, error) {
	type auth struct {
		Auth string `json:"auth"`
	}
	auths := map[string]auth{}
	for _, l := range logins {
		auths[l.host] = auth{base64.StdEncoding.EncodeToString([]byte(l.userpass()))}
	}
	b, err := json.Marshal(map[string]any{"auths": auths})
	return append(b, '\n'), err
}
