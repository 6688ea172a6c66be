package docker_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

func failing(string) (registry.Registry, error) { return registry.Registry{}, errConfig }

// withAlias resolves one alias in addition to ECR hosts.
func withAlias(serverURL string) (registry.Registry, error) {
	if strings.TrimPrefix(serverURL, "https://") == "registry.corp.example" {
		return registry.Parse(host)
	}
	return registry.Parse(serverURL)
}

// shelf is a credential helper that stores passwords in memory.
type shelf map[string]helper.Credentials

func (s shelf) Add(c *helper.Credentials) error { s[c.ServerURL] = *c; return nil }
func (s shelf) Delete(serverURL string) error   { delete(s, serverURL); return nil }
func (s shelf) List() (map[string]string, error) {
	all := map[string]string{}
	for k, c := range s {
		all[k] = c.Username
	}
	return all, nil
}

func (s shelf) Get(serverURL string) (string, string, error) {
	c, ok := s[serverURL]
	if !ok {
		return "", "", helper.NewErrCredentialsNotFound()
	}
	return c.Username, c.Secret, nil
}

// An alias gets the token of its registry; other hosts do not.
func TestAlias(t *testing.T) {
	newCloud(t, true)
	u := newUser(t)
	u.h.Resolve, u.h.Aliases = withAlias, []string{"registry.corp.example", "other.corp.example", host}
	if u.password("registry.corp.example") != u.password(host) {
		t.Error("the password of the alias is not that of the registry")
	}
	if got := u.run("get", "sub.registry.corp.example"); got != (outcome{notFound, "", 1}) {
		t.Errorf("got %+v", got)
	}
	if got, want := u.run("list", ""), `{"`+host+`":"AWS","registry.corp.example":"AWS"}`+"\n"; got.out != want {
		t.Errorf("list = %+v, want %s", got, want)
	}
	if got := u.run("erase", "https://registry.corp.example"); got != (outcome{}) {
		t.Errorf("erase = %+v", got)
	}
	if got := u.run("list", ""); got.out != "{}\n" {
		t.Errorf("list = %+v", got)
	}
}

// The fallback handles other hosts, never ECR hosts, and list merges both.
func TestFallback(t *testing.T) {
	newCloud(t, true)
	others := shelf{"http://" + host: {Username: "x"}}
	u := newUser(t)
	u.h.Resolve, u.h.Fallback = withAlias, others
	if got := u.run("get", "ghcr.io"); got != (outcome{notFound, "", 1}) {
		t.Errorf("get = %+v", got)
	}
	if got := u.run("store", login("ghcr.io", "me", "hunter2")); got != (outcome{}) {
		t.Errorf("store = %+v", got)
	}
	if got := u.run("get", "ghcr.io"); got != (outcome{out: `{"ServerURL":"ghcr.io","Username":"me","Secret":"hunter2"}` + "\n"}) {
		t.Errorf("get = %+v", got)
	}
	u.password(host)
	if got := u.run("get", "http://"+host); got != (outcome{notFound, "", 1}) {
		t.Errorf("get by http = %+v", got)
	}
	if got := u.run("erase", "http://registry.corp.example"); got != (outcome{}) || len(others) != 2 {
		t.Errorf("erase by http = %+v, %v", got, others)
	}
	u.password(host)
	if got, want := u.run("list", ""), `{"`+host+`":"AWS","ghcr.io":"me"}`+"\n"; got.out != want {
		t.Errorf("list = %+v, want %s", got, want)
	}
	if got := u.run("erase", "ghcr.io"); got != (outcome{}) || len(others) != 1 {
		t.Errorf("erase = %+v, %v", got, others)
	}
}

// If the fallback is the keychain that contains cached tokens, clients neither see nor get these.
func TestFallbackContainsCachedTokens(t *testing.T) {
	u := newUser(t)
	name := "https://ecr-login.invalid/" + host + "/" + store.Login.String()
	r := &relay{shelf: shelf{name: {ServerURL: name, Username: "AWS", Secret: "token"}, "ghcr.io": {Username: "me"}}}
	u.h.Fallback, u.h.Relay = r, r.Relay
	if got := u.run("list", ""); got != (outcome{out: `{"ghcr.io":"me"}` + "\n"}) {
		t.Errorf("list = %+v", got)
	}
	for _, in := range []string{name, "http" + strings.TrimPrefix(name, "https"), strings.ToUpper(name)} {
		if got := u.run("get", in); got != (outcome{notFound, "", 1}) {
			t.Errorf("get %s = %+v", in, got)
		}
		if got := u.run("erase", in); got != (outcome{}) {
			t.Errorf("erase %s = %+v", in, got)
		}
	}
	if len(r.shelf) != 2 || len(r.calls) != 0 {
		t.Errorf("the fallback contains %v after the calls %q", r.shelf, r.calls)
	}
}

// If the fallback cannot list, list still returns the ECR hosts.
func TestFallbackCannotList(t *testing.T) {
	newCloud(t, true)
	u := newUser(t)
	u.h.Fallback = broken{}
	u.password(host)
	want := outcome{out: `{"` + host + `":"AWS"}` + "\n", err: "cannot list the passwords of other registries: locked\n"}
	if got := u.run("list", ""); got != want {
		t.Errorf("list = %+v, want %+v", got, want)
	}
}

type broken struct{ shelf }

func (broken) List() (map[string]string, error) { return nil, errors.New("locked") }

// A relay gets the unchanged input of clients, only for hosts that are not ECR. Its response and exit code are
// returned.
func TestRelay(t *testing.T) {
	newCloud(t, true)
	u := newUser(t)
	r := new(relay)
	u.h.Fallback, u.h.Relay = r, r.Relay
	store := " " + login("ghcr.io", "me", "hunter2")
	want := []string{"get ghcr.io\r\n", "get https://index.docker.io/v1/", "store " + store, "erase  ghcr.io"}
	for _, call := range want {
		action, in, _ := strings.Cut(call, " ")
		if got := u.run(action, in); got != (outcome{out: "as is\n\n", exit: 7}) {
			t.Errorf("%s %q = %+v", action, in, got)
		}
	}
	for _, call := range []string{"get " + host, "erase " + host, "get ", "get ghcr.io\nexample.com", "store {", "list unused", "erase http://" + host} {
		action, in, _ := strings.Cut(call, " ")
		u.run(action, in)
	}
	if !slices.Equal(r.calls, want) {
		t.Errorf("relayed %q, want %q", r.calls, want)
	}
}

type relay struct {
	shelf
	calls []string
}

func (r *relay) Relay(action string, input []byte, out io.Writer) int {
	r.calls = append(r.calls, action+" "+string(input))
	fmt.Fprint(out, "as is\n\n")
	return 7
}
