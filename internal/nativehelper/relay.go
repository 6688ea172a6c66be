package nativehelper

import (
	"errors"
	"fmt"
	"io"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// Relay runs the helper for get, store or erase. It passes input to the helper and the output of the helper to out,
// both unchanged, and returns the helper's exit code. Relay does not support list, because the responses of several
// helpers are merged; see List.
//
// If the helper does not respond, Relay writes one line with the cause to out and to Stderr, and returns 1. There are
// two exceptions: if the helper is not on PATH, the response to get is the protocol's "not found", because many images
// need no password; and erase returns 0.
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

// say writes a line to Stderr.
func (h *Helper) say(line string) {
	if h.Stderr != nil {
		fmt.Fprintln(h.Stderr, line)
	}
}
