package e2e

import (
	"os/exec"
	"testing"
)

// A client is a program that pushes and pulls images. Its actions are shell commands, with these variables:
//
//	$REF      name of the image in a registry
//	$HOST     host name of the registry
//	$CONTEXT  directory with a Dockerfile that starts FROM scratch
//	$LAYOUT   directory with the same image in OCI layout
//	$HOME     an empty home directory, which is also the working directory
//
// To add a client, add a row to [clients].
type client struct {
	name    string // for the names of tests and images
	title   string // for the table
	program string // path; precedes other programs of this name on PATH
	version string

	build   string // build the image; "" if push uses $LAYOUT
	push    string
	remove  string // remove the image, so that pull downloads it
	pull    string
	run     string // run the pulled image; "" if not supported
	login   string // log in with a password on standard input, as pipelines do; "" if not tested
	relogin string // log in without user name and password; "" if not supported
	logout  string

	storesUnverified bool // login runs the helper's store without trying the password
	getsBeforeLogin  bool // login runs the helper's get first

	// authority is the variable for the file of the certificate authority; "" if the client reads /etc/docker/certs.d.
	authority string
	// allHosts is the setting, other than credHelpers, with which the helper serves all hosts; "" if there is none.
	// loginFile is the setting in the file to which login writes passwords.
	allHosts, loginFile setting
}

// clients returns the clients that run all tests. TestClients also runs those of moduleClients.
func clients(t *testing.T) []client {
	t.Helper()
	return append(dockers(t), buildkit(), podman(), buildah(), skopeo(), crane(t))
}

func lookPath(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
