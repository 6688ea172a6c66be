package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/credentials"
	"ecrlogin/internal/scripttest"
)

func TestMain(m *testing.M) {
	scripttest.Main(m, map[string]func(){"ecr-token-refresh": main})
}

// patience is how long a command of a script waits for something that happens within a second or two.
const patience = time.Minute

// TestScript runs each archive in testdata/script with its own stand-in for AWS. $ADDRESS is an unused listen address.
// In addition to the commands of package scripttest, the scripts use:
//
//	get PATH STATUS [REGEXP...]
//	    Request a page from $ADDRESS until the response has the status, and its body matches the expressions. With
//	    $ACCEPT as the header Accept, if it is set.
//	await FILE [REGEXP]
//	    Wait until a file exists and its content matches.
//	accepted FILE HOST
//	    Wait until a registry accepts the content of a file as the password.
//	expand FILE...
//	    Replace $WORK in files with the work directory.
//	replace FILE WITH
//	    Replace a file atomically.
//	no-secrets
//	    Fail if a password that AWS issued is part of the last command's output, or of a page that get returned.
func TestScript(t *testing.T) {
	scripttest.Run(t, scripttest.Suite{Setup: setUp, Commands: map[string]scripttest.Command{
		"get": get, "await": await, "accepted": accepted, "expand": expand, "replace": replace, "no-secrets": noSecrets,
	}})
}

type pagesKey struct{}

func setUp(env *testscript.Env) error {
	server, err := scripttest.StartAWS(env)
	if err != nil {
		return err
	}
	address, err := unusedAddress()
	if err != nil {
		return err
	}
	env.Values[pagesKey{}] = new(strings.Builder)
	env.Setenv("ADDRESS", address)
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.URL)
	return nil
}

func unusedAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// until calls try until it returns "", and fails the script with what it returned last.
func until(ts *testscript.TestScript, try func() (missing string)) {
	deadline := time.Now().Add(patience)
	for {
		missing := try()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s", missing)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: get PATH STATUS [REGEXP...]")
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	until(ts, func() string {
		code, body, err := request("http://"+ts.Getenv("ADDRESS")+args[0], ts.Getenv("ACCEPT"))
		if err != nil {
			return err.Error()
		}
		if code != status {
			return fmt.Sprintf("%s: status %d, want %d: %s", args[0], code, status, body)
		}
		for _, pattern := range args[2:] {
			if !regexp.MustCompile(pattern).MatchString(body) {
				return fmt.Sprintf("%s: no match for %s:\n%s", args[0], pattern, body)
			}
		}
		ts.Value(pagesKey{}).(*strings.Builder).WriteString(body)
		return ""
	})
}

func request(url, accept string) (status int, body string, err error) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Accept", accept)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(content), err
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: await FILE [REGEXP]")
	}
	until(ts, func() string {
		content, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil {
			return err.Error()
		}
		if len(args) == 2 && !regexp.MustCompile(args[1]).Match(content) {
			return fmt.Sprintf("%s: no match for %s", args[0], args[1])
		}
		return ""
	})
}

func accepted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: accepted FILE HOST")
	}
	client := scripttest.AWS(ts).Client()
	until(ts, func() string {
		password, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil {
			return err.Error()
		}
		r, err := http.NewRequest(http.MethodGet, "https://"+args[1]+"/v2/", nil)
		ts.Check(err)
		r.SetBasicAuth("AWS", string(password))
		resp, err := client.Do(r)
		ts.Check(err)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Sprintf("%s: status %d from %s", args[0], resp.StatusCode, args[1])
		}
		return ""
	})
}

func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE...")
	}
	for _, file := range args {
		content := strings.ReplaceAll(ts.ReadFile(file), "$WORK", ts.Getenv("WORK"))
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(content), 0o600))
	}
}

func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: replace FILE WITH")
	}
	ts.Check(os.Rename(ts.MkAbs(args[1]), ts.MkAbs(args[0])))
}

func noSecrets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: no-secrets")
	}
	passwords := scripttest.AWS(ts).Passwords()
	if len(passwords) == 0 {
		ts.Fatalf("no password was issued")
	}
	output := ts.ReadFile("stdout") + ts.ReadFile("stderr") + ts.Value(pagesKey{}).(*strings.Builder).String()
	if credentials.Reveals(output, passwords...) {
		ts.Fatalf("the output contains a password:\n%s", output)
	}
}
