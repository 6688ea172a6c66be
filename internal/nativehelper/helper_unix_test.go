//go:build unix

package nativehelper_test

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/nativehelper"
)

// newHelper returns the helper foo and a buffer for its standard error.
func newHelper() (h *nativehelper.Helper, notices *bytes.Buffer) {
	notices = new(bytes.Buffer)
	return &nativehelper.Helper{Name: "foo", Env: environ.Process(), Timeout: 10 * time.Second, Stderr: notices, Named: named}, notices
}

// A keeper is a working helper that stores one password in a file.
const keeper = `case $1 in
store) cat >"$DIR/kept" ;;
get) host=$(cat); grep -s "\"$host\"" "$DIR/kept" || { echo credentials not found in native keychain; exit 1; } ;;
erase) rm "$DIR/kept" ;;
list) echo '{"registry.example.com":"ann"}' ;;
esac`

func TestHelper(t *testing.T) {
	install(t, "foo", keeper)
	h, notices := newHelper()
	if _, _, err := h.Get(host); !helper.IsErrCredentialsNotFound(err) {
		t.Errorf("Get of nothing = %v", err)
	}
	if err := h.Add(&helper.Credentials{ServerURL: host, Username: "ann", Secret: secret}); err != nil {
		t.Error(err)
	}
	if username, password, err := h.Get(host); username != "ann" || password != secret || err != nil {
		t.Errorf("Get = %q, a password of %d characters, %v", username, len(password), err)
	}
	if servers, err := h.List(); err != nil || !maps.Equal(servers, map[string]string{host: "ann"}) {
		t.Errorf("List = %v, %v", servers, err)
	}
	if err := h.Delete(host); err != nil {
		t.Error(err)
	}
	if _, _, err := h.Get(host); !helper.IsErrCredentialsNotFound(err) {
		t.Errorf("Get after Delete = %v", err)
	}
	if notices.Len() != 0 {
		t.Errorf("notices are %q", notices)
	}
}

// calls makes each call once and returns the errors, by action.
func calls(h *nativehelper.Helper) map[string]error {
	_, _, getErr := h.Get("https://" + host + "/v2/")
	_, listErr := h.List()
	return map[string]error{
		"get":   getErr,
		"store": h.Add(&helper.Credentials{ServerURL: host, Username: "ann", Secret: secret}),
		"erase": h.Delete(host),
		"list":  listErr,
	}
}

// Each error is one line with the action and the next step, and contains no password.
func TestHelperFails(t *testing.T) {
	prefixes := map[string]string{
		"get":   host + ": no password found: docker-credential-foo ",
		"store": host + ": password not stored: docker-credential-foo ",
		"erase": host + ": password not erased: docker-credential-foo ",
		"list":  "passwords not listed: docker-credential-foo ",
	}
	tests := []struct{ script, want string }{
		{"echo the keychain; echo is locked; exit 3", "failed with exit code 3: the keychain is locked"},
		{"exit 4", "failed with exit code 4: no output"},
		{"echo " + strings.Repeat("x", 700) + "; exit 1", "failed with exit code 1: " + strings.Repeat("x", 600) + "…"},
		{"echo '" + answer + "'; exit 7", "failed with exit code 7 and printed output that may contain a password, which is not shown; run it manually"},
		{"kill -KILL $$", "was terminated by a signal (killed) during ACTION; run it manually"},
	}
	for _, tt := range tests {
		install(t, "foo", tt.script)
		h, notices := newHelper()
		for action, err := range calls(h) {
			if want := prefixes[action] + strings.Replace(tt.want, "ACTION", action, 1); fmt.Sprint(err) != want {
				t.Errorf("%s: %v\nwant %s", action, err, want)
			}
		}
		if notices.Len() != 0 {
			t.Errorf("notices are %q", notices)
		}
	}
}

// The error for an invalid response does not quote the response.
func TestHelperPrintsGarbage(t *testing.T) {
	for _, script := range []string{"echo " + secret, "exit 0", `echo '["` + secret + `"]'`, `echo '{"` + secret + `":1,"Username":1}'`} {
		install(t, "foo", script)
		h, _ := newHelper()
		errs := calls(h)
		for _, action := range []string{"get", "list"} {
			err := fmt.Sprint(errs[action])
			if !strings.Contains(err, "returned invalid JSON for "+action) || strings.Contains(err, secret) {
				t.Errorf("%s: %s", action, strings.ReplaceAll(err, secret, "(the secret)"))
			}
		}
		if errs["store"] != nil || errs["erase"] != nil {
			t.Errorf("store: %v, erase: %v; want none, because their output is not used", errs["store"], errs["erase"])
		}
	}
}

// Without the helper, get returns no password, list returns an empty list, and store returns an error.
func TestHelperMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	const reason = "docker-credential-foo is not on PATH; install it, or change " + named
	h, notices := newHelper()
	errs := calls(h)
	if !helper.IsErrCredentialsNotFound(errs["get"]) || errs["get"].Error() != notFound {
		t.Errorf("get: %v", errs["get"])
	}
	if got, want := fmt.Sprint(errs["store"]), host+": password not stored: "+reason; got != want {
		t.Errorf("store: %s\nwant %s", got, want)
	}
	if got, want := fmt.Sprint(errs["erase"]), host+": password not erased: "+reason; got != want {
		t.Errorf("erase: %s\nwant %s", got, want)
	}
	if want := host + ": no password found: " + reason + "\npasswords not listed: " + reason + "\n"; notices.String() != want {
		t.Errorf("notices are %q, want %q", notices, want)
	}
	for _, script := range []string{"", "echo null"} {
		if script != "" {
			install(t, "foo", script)
		}
		if servers, err := h.List(); servers == nil || len(servers) != 0 || err != nil {
			t.Errorf("list = %v, %v, want an empty one", servers, err)
		}
	}
}
