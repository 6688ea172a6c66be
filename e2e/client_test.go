package e2e

import (
	"os/exec"
	"testing"
)

// A client is a program that moves images, as shell commands. These find
//
//	$REF      the image's name in a registry
//	$HOST     the registry's name
//	$CONTEXT  a folder with a Dockerfile that starts FROM scratch
//	$LAYOUT   a folder with the same image in OCI layout
//	$HOME     a fresh home, also the working folder
//
// To add a client, add a row to [clients].
type client struct {
	name    string // in the names of tests and images
	title   string // in the table
	program string // path; found before others of its name
	version string

	build   string // make the image locally; "" when push takes it from $LAYOUT
	push    string
	remove  string // forget the image, so that pull has to fetch it
	pull    string
	run     string // run what was pulled; "" when the client cannot
	login   string // with a password on standard input, as pipelines do
	relogin string // without user name and password; "" when the client needs them
	logout  string
	// trusting clients hand the password of a login to the helper unseen; others try it
	// first. Those that asksFirst have the helper give a password before they take one.
	trusting, asksFirst bool

	// authority is the variable that names the file of the certificate authority to
	// trust; "" when the client reads /etc/docker/certs.d.
	authority string
	// central is the setting, beside credHelpers, that gives the helper all hosts;
	// keeps is the one in the file where login puts passwords.
	central, keeps setting
}

// clients lists the clients of this machine.
func clients(t *testing.T) []client {
	t.Helper()
	return append(dockers(t), buildkit(), podman(), buildah(), skopeo(), crane(t))
}

func look(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
