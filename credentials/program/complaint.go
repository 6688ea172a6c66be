package program

import (
	"encoding/json"
	"strings"
	"unicode"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// A complaint says in one line what came of an action for a host, and why.
type complaint struct {
	action string
	host   string // may be empty
	reason error
}

func (c *complaint) Error() string {
	var line strings.Builder
	if c.host != "" {
		line.WriteString(c.host + ": ")
	}
	switch c.action {
	case helper.ActionGet:
		line.WriteString("no password found")
	case helper.ActionStore:
		line.WriteString("password not stored")
	case helper.ActionErase:
		line.WriteString("password not erased")
	case helper.ActionList:
		line.WriteString("passwords not listed")
	}
	return line.String() + ", because " + c.reason.Error()
}

// Unwrap returns the reason alone.
func (c *complaint) Unwrap() error { return c.reason }

// hostOfInput returns the host that an action's input is about, "" if it is not what clients send.
func hostOfInput(action string, input []byte) string {
	if action != helper.ActionStore {
		return hostOf(string(input))
	}
	var request helper.Credentials
	if json.Unmarshal(input, &request) != nil {
		return ""
	}
	return hostOf(request.ServerURL)
}

// maxHost is the longest host that there can be (RFC 1035), and a port.
const maxHost = 253 + len(":65535")

// hostOf cuts a server address down to what may be repeated in a line: no user information, no path, and nothing that is
// no host at all.
func hostOf(serverURL string) string {
	serverURL = strings.TrimSpace(serverURL)
	if _, rest, ok := strings.Cut(serverURL, "://"); ok {
		serverURL = rest
	}
	host, _, _ := strings.Cut(serverURL, "/")
	host = host[strings.LastIndex(host, "@")+1:]
	if len(host) > maxHost || strings.ContainsFunc(host, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return ""
	}
	return host
}
