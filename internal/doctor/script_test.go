//go:build unix

package doctor_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/cli"
	"ecrlogin/internal/fastpath"
	"ecrlogin/internal/process"
	"ecrlogin/internal/store"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"docker-credential-ecr-login": func() {
		p := &cli.Program{Version: "1.2.3", Env: process.Env(), Began: process.Began(), Stdin: fastpath.Stdin(), Stdout: os.Stdout, Stderr: os.Stderr}
		os.Exit(p.Run(os.Args[1:]))
	}})
}

// TestScript runs each archive in testdata/script in its own working environment: Docker's file configures the helper,
// access keys are set, and the AWS stand-in is behind a proxy, so that the program uses the real AWS host names. Each
// script then breaks part of the setup.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:         setUp,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"clock":      clock,
			"documented": documented,
			"expired":    expired,
			"fault":      fault,
			"fronts":     fronts,
			"program":    program,
			"push":       push,
			"role":       role,
			"shows":      shows,
			"sso":        sso,
			"unseen":     unseen,
		},
	})
}

type cloudKey struct{}

// working is a valid Docker configuration.
const working = `{"credHelpers": {"123456789012.dkr.ecr.us-west-2.amazonaws.com": "ecr-login"}}`

func setUp(env *testscript.Env) error {
	home, bin := filepath.Join(env.WorkDir, "home"), filepath.Join(env.WorkDir, "bin")
	for _, dir := range []string{filepath.Join(home, ".docker"), filepath.Join(env.WorkDir, "cloud"), bin} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	cloud, err := awstest.Start(awstest.Options{Dir: filepath.Join(env.WorkDir, "cloud")})
	if err != nil {
		return err
	}
	env.Defer(cloud.Close)
	env.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each command ends a second late
	env.Values[cloudKey{}] = cloud
	env.Values[passwordsKey{}] = new(passwords)
	docs, err := filepath.Abs("../../docs")
	if err != nil {
		return err
	}
	programs := filepath.SplitList(env.Getenv("PATH"))[0] // created by testscript
	for name, value := range map[string]string{
		"HOME": home, "XDG_RUNTIME_DIR": filepath.Join(env.WorkDir, "run"), "CONTAINERS_REGISTRIES_CONF": filepath.Join(env.WorkDir, "registries.conf"),
		"PROGRAMS": programs, "PATH": bin + string(filepath.ListSeparator) + programs,
		"AWS_ACCESS_KEY_ID": awstest.KeyID, "AWS_SECRET_ACCESS_KEY": awstest.SecretKey, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CA_BUNDLE": cloud.CAFile, "HTTPS_PROXY": cloud.Proxy, "PROXY": cloud.Proxy,
		"DOCS": docs, "HOST": "123456789012.dkr.ecr.us-west-2.amazonaws.com",
	} {
		env.Setenv(name, value)
	}
	return os.WriteFile(filepath.Join(home, ".docker", "config.json"), []byte(working), 0o600)
}

func cloudOf(ts *testscript.TestScript) *awstest.Server {
	return ts.Value(cloudKey{}).(*awstest.Server)
}

// clock DURATION sets the clock of AWS back.
func clock(ts *testscript.TestScript, _ bool, args []string) {
	back, err := time.ParseDuration(args[0])
	ts.Check(err)
	cloudOf(ts).SetClock(func() time.Time { return time.Now().Add(-back) })
}

// expired HOST adds a token to the cache that expired an hour ago.
func expired(ts *testscript.TestScript, _ bool, args []string) {
	kept, err := store.Create(filepath.Join(ts.Getenv("HOME"), ".cache", "ecr-login"), nil)
	ts.Check(err)
	defer kept.Close()
	now := time.Now()
	ts.Check(kept.Save(store.Entry{
		Host: args[0], Username: "AWS", Password: "hunter2", IssuedTo: "somebody",
		Issued: now.Add(-13 * time.Hour).Unix(), Expiry: now.Add(-time.Hour).Unix(),
	}, store.Key{1}))
}

// fault OPERATION TYPE MESSAGE makes AWS return that error.
func fault(ts *testscript.TestScript, _ bool, args []string) {
	cloudOf(ts).Inject(awstest.Fault{Op: awstest.Operation(args[0]), Type: args[1], Message: args[2]})
}

// program FILE OUTPUT creates a program that prints OUTPUT and succeeds.
func program(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("#!/bin/sh\necho '"+args[1]+"'\n"), 0o700))
}

// push IMAGE pushes an image to the stand-in's registry.
func push(ts *testscript.TestScript, _ bool, args []string) {
	ref, err := name.ParseReference(args[0])
	ts.Check(err)
	cloud := cloudOf(ts)
	ts.Check(remote.Write(ref, empty.Image, remote.WithTransport(cloud.Client().Transport),
		remote.WithAuth(&authn.Basic{Username: "AWS", Password: cloud.IssueToken("us-west-2", false)})))
}

// role ARN allows any identity to assume a role.
func role(ts *testscript.TestScript, _ bool, args []string) { cloudOf(ts).AllowRole(args[0]) }

// sso SESSION DURATION writes the SSO cache as "aws sso login" does, with a token that expires after DURATION. An
// expired token cannot be refreshed.
func sso(ts *testscript.TestScript, _ bool, args []string) {
	life, err := time.ParseDuration(args[1])
	ts.Check(err)
	cloud := cloudOf(ts)
	ts.Check(cloud.WriteSSOCache(ts.Getenv("HOME"), args[0], time.Now().Add(life)))
	if life < 0 {
		cloud.Inject(awstest.Fault{Op: awstest.CreateToken, Type: "InvalidGrantException", Message: "Invalid refresh token provided"})
	}
}

// unseen fails if the output of the last command contains a secret: keys, tokens, or passwords that the script wrote
// to files, which begin with "hunter".
func unseen(ts *testscript.TestScript, _ bool, _ []string) {
	printed := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	if printed == "" {
		ts.Fatalf("no output")
	}
	for _, secret := range []string{awstest.SecretKey, "eyJ", "hunter", cloudOf(ts).SSOAccessToken(), cloudOf(ts).SSORefreshToken()} {
		if strings.Contains(printed, secret) {
			ts.Fatalf("%q was printed:\n%s", secret, printed)
		}
	}
	if part := ts.Value(passwordsKey{}).(*passwords).in(printed); part != "" {
		ts.Fatalf("%q of a password was printed:\n%s", part, printed)
	}
}

var times = regexp.MustCompile(`\(([0-9]+ ms|[0-9.]+ s)\)`)

// plain replaces what differs between machines in the output.
func plain(ts *testscript.TestScript, printed string) string {
	work := ts.Getenv("WORK")
	for _, r := range [][2]string{
		{ts.Getenv("PROGRAMS"), "/usr/local/bin"},
		{filepath.Join(work, "home"), "/home/me"},
		{work + "/", "/"},
		{strings.TrimPrefix(ts.Getenv("PROXY"), "http://"), "proxy.corp.example:3128"},
		{"user/awstest", "user/ci"},
		{"awstest", "Example Corp"},
	} {
		printed = strings.ReplaceAll(printed, r[0], r[1])
	}
	return times.ReplaceAllString(printed, "(…)")
}

// shows FILE writes the output of the last command to a file, without differences between machines.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(plain(ts, ts.ReadFile("stdout"))), 0o600))
}

// documented NAME [all] compares the last output of doctor with the block of that name in docs/troubleshooting.md: the
// failed checks, or all.
func documented(ts *testscript.TestScript, _ bool, args []string) {
	unseen(ts, false, nil)
	var block strings.Builder
	wrong := false
	for line := range strings.Lines(plain(ts, ts.ReadFile("stdout"))) {
		if !strings.HasPrefix(line, " ") {
			wrong = strings.HasPrefix(line, "✗")
		}
		if wrong || len(args) > 1 {
			block.WriteString("    " + line)
		}
	}
	ts.Check(compare(filepath.Join(ts.Getenv("DOCS"), "troubleshooting.md"), args[0], block.String()))
}

// pages guards the pages that compare reads and writes.
var pages sync.Mutex

// compare compares a block of a page, or writes it if UPDATE_DOCS is set.
func compare(page, name, block string) error {
	pages.Lock()
	defer pages.Unlock()
	content, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	begin, end := "<!-- doctor "+name+": begin -->\n", "<!-- doctor "+name+": end -->\n"
	before, rest, ok := strings.Cut(string(content), begin)
	was, after, ok2 := strings.Cut(rest, end)
	switch {
	case !ok || !ok2:
		return errors.New(page + ": missing block " + name)
	case was == block:
		return nil
	case os.Getenv("UPDATE_DOCS") == "":
		return errors.New(page + ": block " + name + " contains\n" + was + "want\n" + block + "to update it: UPDATE_DOCS=1 go test")
	}
	return os.WriteFile(page, []byte(before+begin+block+end+after), 0o644)
}
