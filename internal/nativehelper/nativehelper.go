// Package nativehelper runs another credential helper on this machine, docker-credential-NAME, as Docker does: the
// action is the argument, the request is the standard input, and the response is the standard output and the exit
// code.
//
// Clients wait for a helper without a limit, and print its output when it fails. This package limits the time and the
// size of the output, and keeps output that may contain a password out of errors.
package nativehelper

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/oneline"
	"ecrlogin/registry"
)

// Helper is the program docker-credential-NAME. Each call looks it up on the PATH of this process and runs it in the
// working directory of this process. A Helper is safe for concurrent use.
type Helper struct {
	Name    string        // osxkeychain for docker-credential-osxkeychain
	Env     environ.Env   // the environment of the program
	Timeout time.Duration // limit for one call; 0 means DefaultTimeout
	Stderr  io.Writer     // receives the standard error of the program and the notices of Helper; nil discards both
	Named   string        // where Name is configured, for errors: `"fallback" in PATH`; may be empty
}

// DefaultTimeout is the default limit for one call. It leaves time to type the passphrase of a keychain.
const DefaultTimeout = time.Minute

var _ helper.Helper = (*Helper)(nil)

// Check returns an error if the helper cannot be run: it is not on PATH, its name is invalid, or it would run this
// program again. Check runs nothing. Every call includes this check.
func (h *Helper) Check() error {
	_, err := h.find()
	return err
}

// Get returns the helper's credentials for a server. The error is the protocol's "not found" if the helper has none.
// It is also "not found" if the helper is not on PATH, which is reported on Stderr. Other errors are one line and wrap
// their cause.
func (h *Helper) Get(serverURL string) (username, secret string, err error) {
	var c helper.Credentials
	switch err := h.ask(helper.ActionGet, serverURL, []byte(serverURL), &c); {
	case errors.Is(err, errMissing):
		h.say(err.Error())
		return "", "", helper.NewErrCredentialsNotFound()
	case err != nil:
		return "", "", err
	}
	return c.Username, c.Secret, nil
}

// Add stores credentials in the helper. The error is one line and does not contain the password.
func (h *Helper) Add(c *helper.Credentials) error {
	input, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return h.ask(helper.ActionStore, c.ServerURL, append(input, '\n'), nil)
}

// Delete deletes the credentials for a server from the helper. The error is the protocol's "not found" if the helper
// returns that, and otherwise one line.
func (h *Helper) Delete(serverURL string) error {
	return h.ask(helper.ActionErase, serverURL, []byte(serverURL), nil)
}

// List returns the servers that have credentials in the helper, each with its user name. If the helper cannot be run,
// see Check, List reports that on Stderr and returns an empty map, because docker build loses the passwords of all
// registries when a list fails. Other errors are one line.
func (h *Helper) List() (map[string]string, error) {
	if err := h.Check(); err != nil {
		h.say(failure(helper.ActionList, "", err).Error())
		return map[string]string{}, nil
	}
	var servers map[string]string
	if err := h.ask(helper.ActionList, "", []byte("unused"), &servers); err != nil {
		return nil, err
	}
	if servers == nil { // the helper printed null
		servers = map[string]string{}
	}
	return servers, nil
}

// ask runs the helper and decodes its response, unless response is nil. The errors are those of Get, Add and Delete.
func (h *Helper) ask(action, serverURL string, input []byte, response any) error {
	out, exit, err := h.call(action, input)
	switch {
	case err != nil:
	case exit != 0 && helper.IsErrCredentialsNotFoundMessage(string(out)):
		return helper.NewErrCredentialsNotFound()
	case exit != 0:
		err = fmt.Errorf("%s failed with exit code %d: %s", h.program(), exit, cmp.Or(oneline.Text(string(out)), "no output"))
	case response != nil && decode(out, response) != nil: // the error may quote the output
		err = advice.Errorf("%s returned invalid JSON for %s", h.program(), action).
			Then("run it manually, or change %s", h.named())
	}
	if err != nil {
		return failure(action, registry.ShownHost(serverURL), err)
	}
	return nil
}

// decode decodes the JSON value at the beginning of a response. Like most clients, it ignores the text after it.
func decode(response []byte, into any) error {
	return json.NewDecoder(bytes.NewReader(response)).Decode(into)
}

// Relay runs the helper for get, store or erase. It passes input to the helper and the output of the helper to out,
// both unchanged, and returns the helper's exit code. Relay does not support list, because the responses of several
// helpers are merged; see List.
//
// If the helper does not respond, Relay writes one line with the cause to out and to Stderr, and returns 1. There are
// two exceptions: if the helper is not on PATH, the response to get is the protocol's "not found", because many images
// need no password; and erase returns 0.
func (h *Helper) Relay(action string, input []byte, out io.Writer) (exit int) {
	if _, ok := failures[action]; !ok || action == helper.ActionList {
		h.say(fmt.Sprintf("unsupported action %q for %s; use get, store or erase", action, h.program()))
		return 1
	}
	response, exit, err := h.call(action, input)
	if err != nil {
		line := failure(action, hostOf(action, input), err).Error()
		h.say(line)
		switch {
		case action == helper.ActionGet && errors.Is(err, errMissing):
			line = helper.NewErrCredentialsNotFound().Error()
		case exit == 0:
			return 0
		}
		response = []byte(line + "\n")
	}
	if _, err := out.Write(response); err != nil {
		h.say(fmt.Sprintf("writing the response of %s: %v", h.program(), err))
		return 1
	}
	return exit
}

// hostOf returns the host in the input of an action, or "" if the input is invalid.
func hostOf(action string, input []byte) string {
	if action != helper.ActionStore {
		return registry.ShownHost(string(input))
	}
	var c helper.Credentials
	_ = json.Unmarshal(input, &c) // leaves the host empty if the input is invalid
	return registry.ShownHost(c.ServerURL)
}

// failures are the actions, and what an error of each reports.
var failures = map[string]string{
	helper.ActionGet:   "no password found",
	helper.ActionStore: "password not stored",
	helper.ActionErase: "password not erased",
	helper.ActionList:  "passwords not listed",
}

// failure returns the error of an action in one line, which wraps its cause. The host may be empty.
func failure(action, host string, cause error) error {
	if host != "" {
		host += ": "
	}
	return fmt.Errorf("%s%s: %w", host, failures[action], cause)
}

// say writes a line to Stderr.
func (h *Helper) say(line string) {
	if h.Stderr != nil {
		fmt.Fprintln(h.Stderr, line)
	}
}

// program returns the file name of the helper.
func (h *Helper) program() string { return "docker-credential-" + h.Name }

// named returns where the helper is configured, for errors.
func (h *Helper) named() string { return cmp.Or(h.Named, "the configuration that names it") }
