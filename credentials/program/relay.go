package program

import (
	"errors"
	"fmt"
	"io"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// Relay hands a get, store or erase through: the helper's standard input is input, what it prints goes to out, both byte
// for byte, and its exit code is returned. A list is not handed through, because its answer is one of several that are
// put together; see List.
//
// When there is no answer, out gets one line instead that says so, Stderr the same, and the exit code is 1. But when the
// helper is not on PATH, a get's answer is the protocol's "not found", since many images need no password; and an erase
// never fails for want of an answer.
func (h *Helper) Relay(action string, input []byte, out io.Writer) (exit int) {
	switch action {
	case helper.ActionGet, helper.ActionStore, helper.ActionErase:
	default:
		h.say(fmt.Sprintf("unsupported action %q for %s; use get, store or erase", action, h.program()))
		return 1
	}
	o := h.call(action, input)
	answer := o.out
	if o.err != nil {
		line := (&complaint{action, hostOfInput(action, input), o.err}).Error()
		h.say(line)
		switch {
		case action == helper.ActionGet && errors.Is(o.err, errMissing):
			line = helper.NewErrCredentialsNotFound().Error()
		case o.exit == 0:
			return 0
		}
		answer = []byte(line + "\n")
	}
	if _, err := out.Write(answer); err != nil {
		h.say(fmt.Sprintf("writing the response of %s: %v", h.program(), err))
		return 1
	}
	return o.exit
}

// say tells a user something on standard error.
func (h *Helper) say(line string) {
	if h.Stderr != nil {
		fmt.Fprintln(h.Stderr, line)
	}
}
