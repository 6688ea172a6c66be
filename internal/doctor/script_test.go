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

	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/cli"
	"ecrlogin/internal/fastpath"
	"ecrlogin/internal/process"
	"ecrlogin/internal/scripttest"
	"ecrlogin/internal/store"
)

func TestMain(m *testing.M) {
	scripttest.Main(m, map[string]func(){"docker-credential-ecr-login": func() {
		p := &cli.Program{Version: "1.2.3", Env: process.Env(), Began: process.Began(), Stdin: fastpath.Stdin(), Stdout: os.Stdout, Stderr: os.Stderr}
		os.Exit(p.Run(os.Args[1:]))
	}})
}

// TestScript runs each archive in testdata/script in its own working environment: Docker's file configures the helper,
// access keys are set, and the AWS stand-in is behind a proxy, so that the program uses the real AWS host names. Each
// script then breaks part of the setup. In addition to the commands of package scripttest, the scripts use:
//
//	cache-expired HOST
//	    Add a token to the cache that expired an hour ago.
//	replace-registry HOST KIND [MESSAGE]
//	    Replace the registry of the stand-in for a host. The kinds are described in interceptor_test.go.
//	no-secrets
//	    Fail if the output of the last command contains a secret: keys, tokens, or passwords that the script wrote to
//	    files, which begin with "hunter".
//	cmp-docs NAME [all]
//	    Compare the last output of doctor with the block of that name in docs/troubleshooting.md: the failed checks, or
//	    all. UPDATE_DOCS=1 updates the block. It includes no-secrets.
func TestScript(t *testing.T) {
	scripttest.Run(t, scripttest.Suite{Setup: setUp, Normalize: plain, Commands: map[string]scripttest.Command{
		"cache-expired":    cacheExpired,
		"cmp-docs":         cmpDocs,
		"no-secrets":       noSecrets,
		"replace-registry": replaceRegistry,
	}})
}

// working is a valid Docker configuration.
const working = `{"credHelpers": {"123456789012.dkr.ecr.us-west-2.amazonaws.com": "ecr-login"}}`

func setUp(env *testscript.Env) error {
	home, bin := filepath.Join(env.WorkDir, "home"), filepath.Join(env.WorkDir, "bin")
	for _, dir := range []string{filepath.Join(home, ".docker"), bin} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if _, err := scripttest.StartAWS(env); err != nil {
		return err
	}
	env.Values[passwordsKey{}] = new(passwords)
	docs, err := filepath.Abs("../../docs")
	if err != nil {
		return err
	}
	programs := filepath.SplitList(env.Getenv("PATH"))[0] // created by testscript
	for name, value := range map[string]string{
		"HOME": home, "XDG_RUNTIME_DIR": filepath.Join(env.WorkDir, "run"), "CONTAINERS_REGISTRIES_CONF": filepath.Join(env.WorkDir, "registries.conf"),
		"PROGRAMS": programs, "PATH": bin + string(filepath.ListSeparator) + programs,
		"AWS_EC2_METADATA_DISABLED": "true",
		"DOCS":                      docs, "HOST": "123456789012.dkr.ecr.us-west-2.amazonaws.com",
	} {
		env.Setenv(name, value)
	}
	return os.WriteFile(filepath.Join(home, ".docker", "config.json"), []byte(working), 0o600)
}

func cacheExpired(ts *testscript.TestScript, _ bool, args []string) {
	kept, err := store.Create(filepath.Join(ts.Getenv("HOME"), ".cache", "ecr-login"), nil)
	ts.Check(err)
	defer kept.Close()
	now := time.Now()
	ts.Check(kept.Save(store.Entry{
		Host: args[0], Username: "AWS", Password: "hunter2", IssuedTo: "profile \"old\"",
		Issued: now.Add(-13 * time.Hour).Unix(), Expiry: now.Add(-time.Hour).Unix(),
	}, store.Key{1}))
}

func noSecrets(ts *testscript.TestScript, _ bool, _ []string) {
	printed := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	if printed == "" {
		ts.Fatalf("no output")
	}
	for _, secret := range []string{awstest.SecretKey, "eyJ", "hunter", scripttest.AWS(ts).SSOAccessToken(), scripttest.AWS(ts).SSORefreshToken()} {
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

func cmpDocs(ts *testscript.TestScript, _ bool, args []string) {
	noSecrets(ts, false, nil)
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
