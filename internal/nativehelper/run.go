package nativehelper

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/subprocess"
)

// call runs the helper for one action and returns its response and exit code. If the helper does not respond, or the
// client must not receive the response, call returns an error with the next step, and the exit code for the client. For
// erase this is 0 if the helper did not respond, because Podman 4 crashes when erase fails.
//
// Three responses are withheld: one to a successful get that is not valid JSON, for which clients would report "invalid
// character" without naming the helper; the output of a failure that may contain a password, which clients would
// include in their error; and the output of a successful store or erase that may contain it, which clients do not need.
func (h *Helper) call(action string, input []byte) (out []byte, exit int, err error) {
	out, exit, err = h.run(action, input)
	switch {
	case err == nil && exit != 0 && mayContainPassword(input, out):
		return nil, exit, advice.Errorf("%s failed with exit code %d and printed output that may contain a password, which is not shown", h.program(), exit).
			Then("run it manually")
	case err == nil && (action == helper.ActionStore || action == helper.ActionErase) && mayContainPassword(input, out):
		return nil, exit, nil
	case err == nil && exit == 0 && action == helper.ActionGet && decode(out, new(helper.Credentials)) != nil:
		err = advice.Errorf("%s returned invalid JSON for get, which is not shown because it may contain a secret", h.program()).
			Then("run it manually, or change %s", h.named())
	}
	switch {
	case err == nil:
		return out, exit, nil
	case action == helper.ActionErase:
		return nil, 0, err
	}
	return nil, 1, err
}

// run runs the helper and returns its output and exit code. It returns an error if the helper was not run or did not
// exit.
func (h *Helper) run(action string, input []byte) (out []byte, exit int, err error) {
	path, err := h.find()
	if err != nil {
		return nil, 0, err
	}
	timeout := cmp.Or(h.Timeout, DefaultTimeout)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	leave, err := enter(ctx)
	if err != nil {
		return nil, 0, advice.Errorf("%s was not run, because %d other helper calls did not finish within %s", h.program(), slots, timeout.Round(100*time.Millisecond)).
			Then("check whether one of them runs ecr-login again, or change %s", h.named())
	}
	defer leave()
	result, err := subprocess.Command{
		Path:   path,
		Args:   []string{path, action},
		Env:    h.Env.With(askedBy, h.Name),
		Stdin:  bytes.NewReader(input),
		Stderr: h.Stderr,
	}.Run(ctx)
	switch {
	case errors.Is(err, subprocess.ErrStart):
		err = advice.Errorf("%s %w", h.program(), err).Then("reinstall it, or change %s", h.named())
	case errors.Is(err, subprocess.ErrOutput):
		err = advice.Errorf("%s printed more than %d bytes in response to %s and was stopped", h.program(), subprocess.MaxOutput, action).
			Then("run it manually, or change %s", h.named())
	case errors.Is(err, subprocess.ErrDeadline):
		err = advice.Errorf("%s did not respond to %s within %s and was stopped", h.program(), action, timeout.Round(100*time.Millisecond)).
			Then("check whether its keychain is locked and waits for input, or increase timeout or ECR_LOGIN_TIMEOUT")
	case errors.Is(err, subprocess.ErrCanceled):
		err = advice.Errorf("%s %w", h.program(), err).Then("try again")
	case errors.Is(err, subprocess.ErrSignal):
		err = advice.Errorf("%s %w during %s", h.program(), err, action).Then("run it manually")
	}
	return result.Stdout, result.ExitCode, err
}

// mayContainPassword reports whether output is JSON, complete or truncated, or contains the protocol's key "Secret", the
// password from the input, or the user information of a URL in it.
func mayContainPassword(input, out []byte) bool {
	if trimmed := bytes.TrimSpace(out); len(trimmed) > 0 && bytes.IndexByte([]byte(`{["`), trimmed[0]) >= 0 {
		return true
	}
	if i := bytes.LastIndexByte(input, '@'); i >= 0 {
		_, user, found := bytes.Cut(input[:i], []byte("://"))
		if found && len(user) > 0 && bytes.Contains(out, user) {
			return true
		}
	}
	var request helper.Credentials
	return bytes.Contains(bytes.ToLower(out), []byte(`"secret"`)) ||
		json.Unmarshal(input, &request) == nil && request.Secret != "" && bytes.Contains(out, []byte(request.Secret))
}
