package program

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker-credential-helpers/client"
	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/registry"
)

// Get returns what the helper has for a server. The error is the protocol's "not found" when it has nothing, and also
// when it is not on PATH, which Stderr is told. Every other error is one line for people, which wraps the half of it that
// tells the reason.
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

// Add has the helper store a password. The error is one line for people, without the password.
func (h *Helper) Add(c *helper.Credentials) error {
	r := request{helper: h}
	return r.explain(helper.ActionStore, c.ServerURL, client.Store(r.program, c))
}

// Delete has the helper forget a server. The error is the protocol's "not found" where the helper answers so, and else
// one line for people.
func (h *Helper) Delete(serverURL string) error {
	r := request{helper: h}
	return r.explain(helper.ActionErase, serverURL, client.Erase(r.program, serverURL))
}

// List returns the servers that the helper knows, each with its user name. A helper that cannot be asked, see Check, has
// none, and Stderr is told: when a list fails, docker build loses the passwords of all registries. Every other error is
// one line for people.
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
	if servers == nil { // it printed null
		servers = map[string]string{}
	}
	return servers, nil
}

// A request is one call by way of package client, which would word its errors for programmers.
type request struct {
	helper *Helper
	action string
	input  io.Reader
	exit   int    // the helper's, when it answered
	out    string // the same
	err    error  // why it did not
}

var _ client.Program = (*request)(nil)

// program is a client.ProgramFunc.
func (r *request) program(args ...string) client.Program {
	r.action = args[0]
	return r
}

// Input takes what is to be sent.
func (r *request) Input(in io.Reader) { r.input = in }

// Output runs the helper.
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

// maxText bounds, in characters, what is repeated of a helper's own words.
const maxText = 500

// explain puts what package client said into words for people; it may have said nothing.
func (r *request) explain(action, serverURL string, err error) error {
	var reason error
	switch {
	case err == nil:
		return nil
	case r.err != nil:
		reason = r.err
	case helper.IsErrCredentialsNotFoundMessage(r.out) && r.exit != 0:
		return helper.NewErrCredentialsNotFound()
	case r.exit == 0: // it cannot be decoded, and the decoder's words may repeat some of it
		reason = fmt.Errorf("%s returned invalid JSON for %s; run it manually, or change %s", r.helper.program(), action, r.helper.named())
	default:
		said := strings.Join(strings.Fields(r.out), " ")
		if said == "" {
			said = "no output"
		}
		reason = fmt.Errorf("%s failed with exit code %d: %.*s", r.helper.program(), r.exit, maxText, said)
	}
	return &complaint{action, registry.ShownHost(serverURL), reason}
}
