package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	helper "github.com/docker/docker-credential-helpers/credentials"
	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/internal/fastpath"
	"ecrlogin/internal/scripttest"
)

func TestMain(m *testing.M) {
	scripttest.Main(m, map[string]func(){"docker-credential-ecr-login": main, "ecr-credential-provider": main})
}

// TestScript runs each archive in testdata/script with its own stand-in for AWS. In addition to the commands of package
// scripttest, the scripts use:
//
//	cmp-errors HOST FILE
//	    Request a password via every front end, and fail unless each request fails with the line in the file, which
//	    starts with the host: on both streams for the Docker protocol, on stderr for users and for the kubelet, and in a
//	    check of doctor. The same failure can be a cached one if a request took longer than a second.
func TestScript(t *testing.T) {
	scripttest.Run(t, scripttest.Suite{Setup: setUp, Commands: map[string]scripttest.Command{"cmp-errors": cmpErrors}})
}

// TestFastPathAgrees compares the value that package fastpath repeats, to avoid an import, with the original.
func TestFastPathAgrees(t *testing.T) {
	if want := helper.NewErrCredentialsNotFound().Error() + "\n"; fastpath.NotFound != want {
		t.Errorf("fastpath.NotFound is %q, want %q", fastpath.NotFound, want)
	}
}

func setUp(env *testscript.Env) error {
	server, err := scripttest.StartAWS(env)
	if err != nil {
		return err
	}
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.URL)
	env.Setenv("STAND_IN", server.URL)
	return nil
}

// cached matches what the message of a cached error contains in addition.
var cached = regexp.MustCompile(` \(cached error, [0-9]+s old; retry in [0-9]+s\)`)

func cmpErrors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cmp-errors HOST FILE")
	}
	host, want := args[0], strings.ReplaceAll(ts.ReadFile(args[1]), "$WORK", ts.Getenv("WORK"))
	fails := func(stdin, program string, args ...string) (stdout, stderr string) {
		ts.Check(os.WriteFile(ts.MkAbs("stdin"), []byte(stdin), 0o600))
		if err := ts.Exec("sh", append([]string{"-c", `"$@" <stdin`, "sh", program}, args...)...); err == nil {
			ts.Fatalf("%s %s did not fail", program, args)
		}
		return cached.ReplaceAllString(ts.ReadFile("stdout"), ""), cached.ReplaceAllString(ts.ReadFile("stderr"), "")
	}
	equal := func(what, got, want string) {
		if got != want {
			ts.Fatalf("%s\n got %swant %s", what, got, want)
		}
	}
	const helper = "docker-credential-ecr-login"
	stdout, stderr := fails(host, helper, "get")
	equal("get, standard output", stdout, want)
	equal("get, standard error", stderr, want)
	stdout, stderr = fails("", helper, "password", host)
	equal("password, standard output", stdout, "")
	equal("password, standard error", stderr, want)
	request := fmt.Sprintf(`{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"%s/app"}`, host)
	stdout, stderr = fails(request, "ecr-credential-provider")
	equal("kubelet, standard output", stdout, "")
	equal("kubelet, standard error", stderr+"\n", want)
	stdout, _ = fails("", helper, "doctor", host)
	cause, _, _ := strings.Cut(strings.TrimPrefix(want, host+": "), "; ")
	if !strings.Contains(stdout, ": "+cause+" (") {
		ts.Fatalf("doctor does not print %q", cause)
	}
}
