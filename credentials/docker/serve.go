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

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
)

// Serve handles one call of the protocol and returns the exit code of the helper. The action is get, store, erase or
// list. Serve reads the input from in, except for list. It differs from Serve of docker-credential-helpers as follows:
//
//   - out receives the complete response in one write or, if the action fails, only the error, because clients print
//     the output of a failed helper, including passwords;
//   - errors are also written to errOut, because Docker shows out and Podman shows errOut. "Not found" is not written
//     to errOut, because it is not a failure;
//   - erase never fails, because Podman 4 crashes when it does;
//   - calls for hosts that are not ECR are passed unchanged to Relay, if it is set.
func (h *Helper) Serve(action string, in io.Reader, out, errOut io.Writer) (exit int) {
	var input []byte
	var err error
	if action != helper.ActionList { // list has no input; some clients send one
		input, err = io.ReadAll(io.LimitReader(in, maxInput))
	}
	if h.Relay != nil && err == nil && h.isForFallback(action, input) {
		return h.Relay(action, input, out)
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
		fmt.Fprintln(out, err) // clients compare this text
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

// isForFallback reports whether a call is for a host that is not ECR. It returns false for input without a host and for
// input with several lines, which check reports as invalid.
func (h *Helper) isForFallback(action string, input []byte) bool {
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
	return isNotECR(err)
}

// maxInput is the maximum input size in bytes. The longest valid input is a password of a few thousand bytes.
const maxInput = 1 << 20

// check returns an error if the input is invalid. It adds context where docker-credential-helpers returns only the
// error of its parser.
func check(action string, input []byte) error {
	switch action {
	case helper.ActionGet, helper.ActionStore, helper.ActionErase, helper.ActionList, helper.ActionVersion:
	default:
		return fmt.Errorf("unknown action %q; supported actions are get, store, erase and list", oneline.Value(action))
	}
	err := helper.HandleCommand(noHelper{}, action, bytes.NewReader(input), io.Discard)
	switch {
	case err == nil, helper.IsCredentialsMissingServerURL(err), helper.IsCredentialsMissingUsername(err):
		return err
	case errors.Is(err, bufio.ErrTooLong):
		return advice.Errorf("%s: standard input contains a line of %d bytes or more", action, bufio.MaxScanTokenSize).
			Then("write only the registry host")
	case action == helper.ActionStore:
		return fmt.Errorf(`%s: invalid JSON on standard input, expected {"ServerURL":…,"Username":…,"Secret":…}: %w`, action, err)
	}
	return err
}

// noHelper is a helper whose methods do nothing and succeed. Any error of a call to it is caused by the input.
type noHelper struct{}

func (noHelper) Add(*helper.Credentials) error      { return nil }
func (noHelper) Delete(string) error                { return nil }
func (noHelper) Get(string) (string, string, error) { return "", "", nil }
func (noHelper) List() (map[string]string, error)   { return nil, nil }
