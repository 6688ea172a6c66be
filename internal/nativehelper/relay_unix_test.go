//go:build unix

package nativehelper_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/nativehelper"
)

// Everything that clients accept as a response is passed through unchanged, and so is their input.
func TestRelay(t *testing.T) {
	foo := nativehelper.Helper{Name: "foo"}
	tests := []struct {
		name, script, action, input string
		want                        outcome
	}{
		{"get", "echo '" + answer + "'", "get", host, outcome{out: answer + "\n"}},
		{"get without a newline", "printf %s '" + answer + "'", "get", host + "\n", outcome{out: answer}},
		{"get in another layout", `printf '\n{ "secret":"s",\r\n\t"more": [1e999], "username":"u"}\n\n'`, "get", host, outcome{out: "\n{ \"secret\":\"s\",\r\n\t\"more\": [1e999], \"username\":\"u\"}\n\n"}},
		{"get with text after the JSON", "echo '{}'; echo cached", "get", host, outcome{out: "{}\ncached\n"}},
		{"get of nothing", "echo null", "get", host, outcome{out: "null\n"}},
		{"get and a warning on stderr", "echo '{}'; printf 'will expire soon' >&2", "get", host, outcome{out: "{}\n", err: "will expire soon"}},
		{"not found", "echo " + notFound + "; exit 1", "get", host, outcome{out: notFound + "\n", exit: 1}},
		{"not found without a newline", "printf %s '" + notFound + "'; exit 2", "get", host, outcome{out: notFound, exit: 2}},
		{"not found among empty lines", "printf '\n" + notFound + "\n\n'; exit 255", "get", host, outcome{out: "\n" + notFound + "\n\n", exit: 255}},
		{"get fails", "echo the keychain is locked; echo unlock it >&2; exit 3", "get", host, outcome{"the keychain is locked\n", "unlock it\n", 3}},
		{"get fails silently", "exit 4", "get", host, outcome{exit: 4}},
		{"get fails with bytes", `printf '\377\000'; exit 1`, "get", host, outcome{out: "\xff\x00", exit: 1}},
		{"store", "echo stored; echo in the keychain >&2", "store", stored, outcome{out: "stored\n", err: "in the keychain\n"}},
		{"store repeats the password", "echo '" + stored + "'", "store", stored, outcome{}},
		{"store fails", "echo no; exit 5", "store", stored, outcome{out: "no\n", exit: 5}},
		{"erase", "exit 0", "erase", host, outcome{}},
		{"erase fails", "echo no; exit 6", "erase", host, outcome{out: "no\n", exit: 6}},
		{"erase repeats a password in the URL", "echo https://me:hunter2@" + host, "erase", "https://me:hunter2@" + host, outcome{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := install(t, "foo", `cat >"$DIR/input"; echo "$@" >"$DIR/args"`+"\n"+tt.script)
			expect(t, relay(foo, tt.action, tt.input), tt.want)
			for file, want := range map[string]string{"input": tt.input, "args": tt.action + "\n"} {
				if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != want {
					t.Errorf("%s: %d bytes, want %d, %v", file, len(got), len(want), err)
				}
			}
		})
	}
}

// The helper has the environment and the working directory of the client.
func TestRelayKeepsEnvironment(t *testing.T) {
	install(t, "foo", `echo "$PWD $GPG_TTY $ECR_LOGIN_FALLBACK"; exit 1`)
	t.Setenv("GPG_TTY", "/dev/pts/7")
	t.Chdir(t.TempDir())
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	expect(t, relay(nativehelper.Helper{Name: "foo"}, "get", host), outcome{out: dir + " /dev/pts/7 foo\n", exit: 1})
}

// Output that clients cannot parse, or would print although it may contain a password, is replaced by an error.
func TestRelayScreens(t *testing.T) {
	const (
		garbage = host + ": no password found: docker-credential-foo returned invalid JSON for get, " +
			"which is not shown because it may contain a secret; run it manually, or change " + named
		leak = ": docker-credential-foo failed with exit code 7 and printed output that may contain a password, which is not shown; run it manually"
	)
	noPassword, notStored, notErased := both(7, host+": no password found"+leak), both(7, host+": password not stored"+leak), outcome{err: host + ": password not erased" + leak + "\n"}
	notErased.out, notErased.exit = notErased.err, 7
	tests := []struct {
		name, script, action, input string
		want                        outcome
	}{
		{"text", "echo " + secret, "get", host, both(1, garbage)},
		{"nothing", "exit 0", "get", host, both(1, garbage)},
		{"not found without a failure", "echo " + notFound, "get", host, both(1, garbage)},
		{"a list", "echo '[" + answer + "]'", "get", host, both(1, garbage)},
		{"a string", `echo '"` + secret + `"'`, "get", host, both(1, garbage)},
		{"another type", `echo '{"Username":1,"Secret":"` + secret + `"}'`, "get", host, both(1, garbage)},
		{"half an answer", "printf %.80s '" + answer + "'", "get", host, both(1, garbage)},
		{"text before", "echo warning:; echo '" + answer + "'", "get", host, both(1, garbage)},
		{"failure with an answer", "echo '" + answer + "'; exit 7", "get", host, noPassword},
		{"failure with half an answer", "printf %.80s '" + answer + "'; exit 7", "get", host, noPassword},
		{"failure with a string", `echo '"` + secret + `"'; exit 7`, "get", host, noPassword},
		{"failure with text before", "echo got:; echo '" + answer + "'; exit 7", "get", host, noPassword},
		{"store repeats its input", "echo cannot store:; cat; exit 7", "store", stored, notStored},
		{"store repeats the password", "echo cannot store " + secret + "; exit 7", "store", stored, notStored},
		{"erase prints what it erases", "echo '" + answer + "'; exit 7", "erase", host, notErased},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			install(t, "foo", tt.script)
			expect(t, relay(nativehelper.Helper{Name: "foo"}, tt.action, tt.input), tt.want)
		})
	}
}

// The error contains the host of the input if there is one, and nothing else of the input.
func TestRelayNamesTheHost(t *testing.T) {
	const reason = "docker-credential-absent is not on PATH; install it, or change " + named + "\n"
	tests := []struct{ action, input, want string }{
		{"get", "https://index.docker.io/v1/", "index.docker.io: no password found: " + reason},
		{"get", " 127.0.0.1:5000\r\n", "127.0.0.1:5000: no password found: " + reason},
		{"get", "https://ann:" + secret + "@[::1]:5000/v2/", "[::1]:5000: no password found: " + reason},
		{"get", "", "no password found: " + reason},
		{"get", "two\nlines", "no password found: " + reason},
		{"get", "\x1b[31mred", "no password found: " + reason},
		{"get", strings.Repeat("x", 300), "no password found: " + reason},
		{"store", stored, host + ": password not stored: " + reason},
		{"store", secret, "password not stored: " + reason},
		{"erase", host, host + ": password not erased: " + reason},
	}
	for _, tt := range tests {
		if got := relay(nativehelper.Helper{Name: "absent"}, tt.action, tt.input); got.err != tt.want {
			t.Errorf("%s %q: stderr %q, want %q", tt.action, tt.input, got.err, tt.want)
		}
	}
}

// Relay does not support list, because lists of several helpers are merged.
func TestRelayOfAList(t *testing.T) {
	install(t, "foo", "echo '{}'")
	expect(t, relay(nativehelper.Helper{Name: "foo"}, "list", "unused"), outcome{err: "unsupported action \"list\" for docker-credential-foo; use get, store or erase\n", exit: 1})
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestRelayWithClosedOutput(t *testing.T) {
	install(t, "foo", "echo '{}'")
	var errOut strings.Builder
	h := nativehelper.Helper{Name: "foo", Env: environ.Process(), Stderr: &errOut}
	exit := h.Relay("get", []byte(host), brokenPipe{})
	expect(t, outcome{err: errOut.String(), exit: exit}, outcome{err: "writing the response of docker-credential-foo: broken pipe\n", exit: 1})
}

// Stderr may be nil.
func TestRelayWithoutStderr(t *testing.T) {
	install(t, "foo", "echo warning >&2; echo '{}'")
	var out strings.Builder
	for _, name := range []string{"foo", "absent"} {
		h := nativehelper.Helper{Name: name, Env: environ.Process()}
		h.Relay("get", []byte(host), &out)
	}
	if want := "{}\n" + notFound + "\n"; out.String() != want {
		t.Errorf("stdout %q, want %q", out.String(), want)
	}
}
