package nativehelper

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker-credential-helpers/client"
	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/oneline"
	"ecrlogin/registry"
)

// Get returns the helper's credentials for a server. The error is the protocol's "not found" if the helper has none.
// It is also "not found" if the helper is not on PATH, which is reported on Stderr. Other errors are one line and wrap
// their cause.
func (h *Helper) Get(serverURL string) (username, secret string, err error) {
	r := request{helper: h}
	c, err := client.Get(r.program, serverURL)
	switch {
	case errors.Is(r.err, errMissing):
		h.say((&complaint{helper.ActionGet, registry.ShownHost(serverURL), r.err}).Error())
		return "", "", helper.NewErrCredentialsNotFound()
	case err != nil:
		return "", "", r.explain(helper.ActionGet, serverURL, err)
	}
	return c.Username, c.Secret, nil
}

// Add stores credentials in the helper. The error is one line and does not contain the password.
func (h *Helper) Add(c *helper.Credentials) error {
	r := request{helper: h}
	return r.explain(helper.ActionStore, c.ServerURL, client.Store(r.program, c))
}

// Delete deletes the credentials for a server from the helper. The error is the protocol's "not found" if the helper
// returns that, and otherwise one line.
func (h *Helper) Delete(serverURL string) error {
	r := request{helper: h}
	return r.explain(helper.ActionErase, serverURL, client.Erase(r.program, serverURL))
}

// List returns the servers that have credentials in the helper, each with its user name. If the helper cannot be run,
// see Check, List reports that on Stderr and returns an empty map, because docker build loses the passwords of all
// registries when a list fails. Other errors are one line.
func (h *Helper) List() (map[string]string, error) {
	if err := h.Check(); err != nil {
		h.say((&complaint{helper.ActionList, "", err}).Error())
		return map[string]string{}, nil
	}
	r := request{helper: h}
	servers, err := client.List(r.program)
	if err != nil {
		return nil, r.explain(helper.ActionList, "", err)
	}
	if servers == nil { // the helper printed null
		servers = map[string]string{}
	}
	return servers, nil
}

// A request is one call via package client. It keeps the result of the call, because the errors of package client lack
// it.
type request struct {
	helper *Helper
	action string
	input  io.Reader
	exit   int    // exit code of the helper, if it responded
	out    string // output of the helper, if it responded
	err    error  // why the helper did not respond
}

var _ client.Program = (*request)(nil)

// program implements client.ProgramFunc.
func (r *request) program(args ...string) client.Program {
	r.action = args[0]
	return r
}

// Input sets the standard input of the helper.
func (r *request) Input(in io.Reader) { r.input = in }

// Output runs the helper and returns its standard output.
func (r *request) Output() ([]byte, error) {
	input, err := io.ReadAll(r.input)
	if err != nil {
		return nil, err
	}
	o := r.helper.call(r.action, input)
	r.exit, r.out, r.err = o.exit, strings.TrimSpace(string(o.out)), o.err
	if r.err == nil && r.exit != 0 {
		err = fmt.Errorf("exit code %d", r.exit)
	} else {
		err = r.err
	}
	return o.out, err
}

// explain returns the error to report for an error of package client. It returns nil for a nil error.
func (r *request) explain(action, serverURL string, err error) error {
	var reason error
	switch {
	case err == nil:
		return nil
	case r.err != nil:
		reason = r.err
	case helper.IsErrCredentialsNotFoundMessage(r.out) && r.exit != 0:
		return helper.NewErrCredentialsNotFound()
	case r.exit == 0: // the output is invalid JSON, and the error of the decoder may quote it
		reason = fmt.Errorf("%s returned invalid JSON for %s; run it manually, or change %s", r.helper.program(), action, r.helper.named())
	default:
		said := cmp.Or(oneline.Text(r.out), "no output")
		reason = fmt.Errorf("%s failed with exit code %d: %s", r.helper.program(), r.exit, said)
	}
	return &complaint{action, registry.ShownHost(serverURL), reason}
}
