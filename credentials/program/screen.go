package program

import (
	"bytes"
	"encoding/json"
	"fmt"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// screen decides what of an answer may be handed on. All of it may, but for two kinds, which would cost more than a
// change of bytes:
//
//   - a get that succeeded and printed no answer: the client would say "invalid character" and not whose;
//   - a failure that printed a password: the client would put that into its own error.
//
// Most clients read one JSON value and nothing behind it, so text behind it stays.
func (h *Helper) screen(action string, input, out []byte, exit int) outcome {
	switch {
	case exit == 0 && action == helper.ActionGet && !isAnswer(out):
		return failed(action, fmt.Errorf("%s returned invalid JSON for get, which is not shown because it may contain a secret; run it manually, or change %s",
			h.program(), h.named()))
	case exit != 0 && holdsSecret(input, out):
		return outcome{exit: exit, err: fmt.Errorf("%s failed with exit code %d and printed output that may contain a password, which is not shown; run it manually",
			h.program(), exit)}
	}
	return outcome{out: out, exit: exit}
}

// isAnswer reports whether output begins with what Docker takes for an answer. An empty object and null are answers
// without a password.
func isAnswer(out []byte) bool {
	var answer helper.Credentials
	return json.NewDecoder(bytes.NewReader(out)).Decode(&answer) == nil
}

// holdsSecret reports whether output is JSON, whole or cut short, names a secret as the protocol's JSON does, or repeats
// the one in the input.
func holdsSecret(input, out []byte) bool {
	if trimmed := bytes.TrimSpace(out); len(trimmed) > 0 && bytes.IndexByte([]byte(`{["`), trimmed[0]) >= 0 {
		return true
	}
	if bytes.Contains(bytes.ToLower(out), []byte(`"secret"`)) {
		return true
	}
	var request helper.Credentials
	return json.Unmarshal(input, &request) == nil && request.Secret != "" && bytes.Contains(out, []byte(request.Secret))
}
