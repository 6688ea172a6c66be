package program

import (
	"encoding/json"
	"strings"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/registry"
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
	return line.String() + ": " + c.reason.Error()
}

// Unwrap returns the reason alone.
func (c *complaint) Unwrap() error { return c.reason }

// hostOfInput returns the host that an action's input is about, "" if it is not what clients send.
func hostOfInput(action string, input []byte) string {
	if action != helper.ActionStore {
		return registry.ShownHost(string(input))
	}
	var request helper.Credentials
	if json.Unmarshal(input, &request) != nil {
		return ""
	}
	return registry.ShownHost(request.ServerURL)
}
