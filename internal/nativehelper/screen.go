package nativehelper

import (
	"bytes"
	"encoding/json"
	"fmt"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// screen returns the output of a helper unchanged, except in two cases, which it replaces with an error:
//
//   - the output of a successful get is not valid JSON: clients would report "invalid character" without naming the
//     helper;
//   - the output of a failure may contain a password: clients would include it in their error.
//
// Text after the JSON value is kept, because most clients read only one value.
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

// isAnswer reports whether the output begins with a response that Docker accepts. An empty object and null are
// responses without a password.
func isAnswer(out []byte) bool {
	var answer helper.Credentials
	return json.NewDecoder(bytes.NewReader(out)).Decode(&answer) == nil
}

// holdsSecret reports whether the output may contain a password: it is JSON, complete or truncated, or contains the
// protocol's key "Secret" or the password from the input.
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
