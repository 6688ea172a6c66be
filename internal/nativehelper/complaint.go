package nativehelper

import (
	"encoding/json"
	"strings"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/registry"
)

// A complaint is the error of an action for a host, in one line.
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

// Unwrap returns the reason without the host and the action.
func (c *complaint) Unwrap() error { return c.reason }

// hostOfInput returns the host in the input of an action, or "" if the input is invalid.
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
