package docker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// Serve answers one call of the protocol, as a client makes it by running the helper: the action is get, store, erase
// or list, its input is on in, which list does not read, and the result is an exit code. It differs from what docker-credential-helpers
// does by itself where clients need more:
//
//   - out gets everything at once or, when the action fails, only the error, because clients print what came with a
//     failure, passwords included;
//   - an error goes to errOut as well, because Docker shows the one and Podman the other; not so "not found", which is
//     no error;
//   - erase never fails, since Podman 4 crashes when it does;
//   - a call for a host that is not ours is handed to a Fallback that is a relay, byte for byte.
func (h *Helper) Serve(action string, in io.Reader, out, errOut io.Writer) (exit int) {
	var input []byte
	var err error
	if action != helper.ActionList { // which has no input, whatever clients send
		input, err = io.ReadAll(io.LimitReader(in, maxInput))
	}
	if r, ok := h.Fallback.(relay); ok && err == nil && h.isForOthers(action, input) {
		return r.Relay(action, input, out)
	}
	var answer bytes.Buffer
	if err == nil {
		err = check(action, input)
	}
	if err == nil {
		err = helper.HandleCommand(h, action, bytes.NewReader(input), &answer)
	}
	switch {
	case err == nil:
	case action == helper.ActionErase:
		fmt.Fprintf(errOut, "nothing erased: %v\n", err)
		return 0
	case helper.IsErrCredentialsNotFound(err):
		fmt.Fprintln(out, err)
		return 1
	case helper.IsCredentialsMissingServerURL(err):
		fmt.Fprintln(out, err) // clients look for these very words
		fmt.Fprintf(errOut, "%v: %s expects the registry host on standard input\n", err, action)
		return 1
	default:
		fmt.Fprintln(out, err)
		fmt.Fprintln(errOut, err)
		return 1
	}
	if _, err := answer.WriteTo(out); err != nil {
		fmt.Fprintf(errOut, "writing the response: %v\n", err)
		return 1
	}
	return 0
}

// A relay is a Fallback that can pass on a get, store or erase as it came, and the answer as it is.
type relay interface {
	Relay(action string, input []byte, out io.Writer) (exit int)
}

// isForOthers reports whether a call is about a host that is not ours. Input in which no host can be found, or more than
// one line, is left to who reports what is wrong with it.
func (h *Helper) isForOthers(action string, input []byte) bool {
	var serverURL string
	switch action {
	case helper.ActionGet, helper.ActionErase:
		serverURL = strings.TrimSpace(string(input))
	case helper.ActionStore:
		var c helper.Credentials
		if json.Unmarshal(input, &c) != nil {
			return false
		}
		serverURL = strings.TrimSpace(c.ServerURL)
	}
	if serverURL == "" || strings.ContainsAny(serverURL, "\r\n") {
		return false
	}
	_, err := h.resolve(serverURL)
	return isOthers(err)
}

// maxInput bounds what is read, in bytes: the longest input is a password of some thousand.
const maxInput = 1 << 20

// check returns what is wrong with the input, whatever the answer to it would be. It says so where docker-credential-helpers hands
// on what its parser said.
func check(action string, input []byte) error {
	err := helper.HandleCommand(noHelper{}, action, bytes.NewReader(input), io.Discard)
	switch {
	case err == nil, helper.IsCredentialsMissingServerURL(err), helper.IsCredentialsMissingUsername(err):
		return err
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%s: standard input contains a line that is too long: %w", action, err)
	case action == helper.ActionStore:
		return fmt.Errorf(`%s: invalid JSON on standard input, expected {"ServerURL":…,"Username":…,"Secret":…}: %w`, action, err)
	}
	return err
}

// noHelper does nothing and succeeds, so that an error of the protocol is one of its input.
type noHelper struct{}

func (noHelper) Add(*helper.Credentials) error      { return nil }
func (noHelper) Delete(string) error                { return nil }
func (noHelper) Get(string) (string, string, error) { return "", "", nil }
func (noHelper) List() (map[string]string, error)   { return nil, nil }
