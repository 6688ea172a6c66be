package nativehelper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/subprocess"
)

// maxOutput is the maximum size of a response in bytes. It is enough for a list of several thousand registries.
const maxOutput = 1 << 20

// An outcome is the result of one call.
type outcome struct {
	out  []byte // output of the helper, if err is nil
	exit int    // exit code for the client: that of the helper, or the one that failed chooses
	err  error  // why there is no response for the client, with the next step
}

// failed returns the outcome of a call without a response. Its exit code for erase is 0, because Podman 4 crashes when
// erase fails.
func failed(action string, err error) outcome {
	if action == helper.ActionErase {
		return outcome{err: err}
	}
	return outcome{exit: 1, err: err}
}

// call runs the helper for one action and checks its response.
func (h *Helper) call(action string, input []byte) outcome {
	path, err := h.find()
	if err != nil {
		return failed(action, err)
	}
	out, exit, err := h.run(path, action, input)
	if err != nil {
		return failed(action, err)
	}
	return h.screen(action, input, out, exit)
}

// run runs the helper and returns its output and exit code. It returns an error if the helper was not run or did not
// exit.
func (h *Helper) run(path, action string, input []byte) (out []byte, exit int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), h.timeout())
	defer cancel()
	leave, err := enter(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("%s was not run, because %d other helper calls did not finish within %s; check whether one of them runs ecr-login again, or change %s",
			h.program(), slots, h.timeout().Round(100*time.Millisecond), h.named())
	}
	defer leave()
	result, err := subprocess.Command{
		Path:      path,
		Args:      []string{path, action},
		Env:       append(os.Environ(), askedBy+"="+h.Name),
		Stdin:     bytes.NewReader(input),
		Stderr:    h.Stderr,
		MaxOutput: maxOutput,
	}.Run(ctx)
	if err != nil {
		return nil, 0, h.explainRun(action, err)
	}
	return result.Stdout, result.ExitCode, nil
}

// explainRun returns the error to report for an error of package subprocess, with the next step.
func (h *Helper) explainRun(action string, err error) error {
	var start *subprocess.StartError
	var canceled *subprocess.CanceledError
	var signaled *subprocess.SignalError
	switch {
	case errors.As(err, &start):
		return fmt.Errorf("%s cannot be run: %w; reinstall it, or change %s", h.program(), start.Err, h.named())
	case errors.Is(err, subprocess.ErrOutput):
		return fmt.Errorf("%s printed more than %d bytes in response to %s and was stopped; run it manually, or change %s",
			h.program(), maxOutput, action, h.named())
	case errors.Is(err, subprocess.ErrDeadline):
		return fmt.Errorf("%s did not respond to %s within %s and was stopped; check whether its keychain is locked and waits for input, or increase timeout or ECR_LOGIN_TIMEOUT",
			h.program(), action, h.timeout().Round(100*time.Millisecond))
	case errors.As(err, &canceled):
		return fmt.Errorf("%s was stopped together with this process (%w); try again", h.program(), canceled.Cause)
	case errors.As(err, &signaled):
		return fmt.Errorf("%s was terminated by a signal (%s) during %s; run it manually", h.program(), signaled.Signal, action)
	}
	return err
}
