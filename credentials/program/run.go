package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// maxOutput bounds what is read of a helper, in bytes: the longest answer is a list of some thousand registries.
const maxOutput = 1 << 20

// lag is how long output is waited for when the helper has ended, or was, while something that it started holds its
// standard output open. What it printed itself is read long before.
const lag = 500 * time.Millisecond

// An outcome is how one call went.
type outcome struct {
	out  []byte // what the helper printed, when err is nil
	exit int    // the exit code for a client: the helper's own, or that of a failure to get one
	err  error  // why there is no answer that can be handed on, and what to do
}

// failed is the outcome of a call that the helper did not answer. An erase does not fail for it, since Podman 4 crashes
// when one does.
func failed(action string, err error) outcome {
	if action == helper.ActionErase {
		return outcome{err: err}
	}
	return outcome{exit: 1, err: err}
}

// call runs the helper for one action, and looks at its answer.
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

// Why a helper was ended.
var (
	errSlow    = errors.New("took too long")
	errTooMuch = errors.New("printed too much")
)

// run runs the helper and returns what it printed and its exit code. The error is for one that did not get so far.
func (h *Helper) run(path, action string, input []byte) (out []byte, exit int, err error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), h.timeout(), errSlow)
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	stdout := &bounded{full: func() { end(errTooMuch) }}
	cmd, ctx, stop := command(ctx, path, action)
	defer stop()
	cmd.Env = append(os.Environ(), askedBy+"="+h.Name)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), stdout, h.Stderr
	cmd.WaitDelay = lag
	err = cmd.Run()
	if cmd.ProcessState == nil {
		return nil, 0, fmt.Errorf("%s cannot be run: %w; install it again, or change %s", h.program(), err, h.named())
	}
	// Of the rest the state tells more than the error, which is also about the pipes: a helper may end without having
	// read its input, and a client may have closed standard error.
	if err := h.ended(action, cmd.ProcessState, context.Cause(ctx)); err != nil {
		return nil, 0, err
	}
	return stdout.buffer.Bytes(), cmd.ProcessState.ExitCode(), nil
}

// ended returns why a helper has not answered; nil if it has. The cause is that for which it was to be ended, if any,
// which may have come too late.
func (h *Helper) ended(action string, state *os.ProcessState, cause error) error {
	switch {
	case cause == errTooMuch:
		return fmt.Errorf("%s printed more than the %d bytes that an answer to %s may have and was ended; try it by hand, or change %s",
			h.program(), maxOutput, action, h.named())
	case cause == errSlow && killed(state):
		return fmt.Errorf("%s did not answer %s within %s and was ended; see whether its keychain is locked and asks for something",
			h.program(), action, h.timeout().Round(100*time.Millisecond))
	case cause != nil && killed(state):
		return fmt.Errorf("%s was ended together with this process (%w); try again", h.program(), cause)
	case !state.Exited():
		return fmt.Errorf("%s did not answer %s but was ended by a signal (%s); try it by hand", h.program(), action, signalOf(state))
	}
	return nil
}

// bounded keeps what is written to it until that is more than maxOutput, calls full then, and takes no more.
type bounded struct {
	buffer bytes.Buffer
	full   func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.buffer.Len()+len(p) > maxOutput {
		b.full()
		return 0, errTooMuch
	}
	return b.buffer.Write(p)
}
