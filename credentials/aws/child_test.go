package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/registry"
)

// The variables of a child process: this test program, which only requests a token. Go reads the proxy and the root
// certificates of the system once per process.
const (
	childHost     = "AWS_TEST_CHILD_HOST"     // registry
	childIdentity = "AWS_TEST_CHILD_IDENTITY" // credentials.Identity as JSON
	childTimeout  = "AWS_TEST_CHILD_TIMEOUT"  // duration; timeLimit if it is not set
)

// childMain requests the token. It prints the error if there is one.
func childMain() (exitCode int) {
	r, err := registry.Parse(os.Getenv(childHost))
	if err != nil {
		panic(err)
	}
	var id credentials.Identity
	if err := json.Unmarshal([]byte(os.Getenv(childIdentity)), &id); err != nil {
		panic(err)
	}
	s := &aws.Source{Identity: func(registry.Registry) credentials.Identity { return id }}
	timeout := timeLimit
	if text := os.Getenv(childTimeout); text != "" {
		if timeout, err = time.ParseDuration(text); err != nil {
			panic(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if _, err := s.Token(ctx, r); err != nil {
		fmt.Print(err)
		return 1
	}
	return 0
}

// child requests a token in another process with these variables in addition to those of the test. It returns the text
// of the error, or "".
func (m *machine) child(id credentials.Identity, env ...string) string {
	m.t.Helper()
	text, err := json.Marshal(id)
	if err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.CommandContext(m.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childHost+"="+privateHost, childIdentity+"="+string(text))
	cmd.Env = append(cmd.Env, env...)
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0") // the race detector would sleep at the end
	out, err := cmd.CombinedOutput()
	if (err == nil) != (len(out) == 0) {
		m.t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}
