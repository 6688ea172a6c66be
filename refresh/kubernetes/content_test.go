package kubernetes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
	"ecrlogin/registry"
)

const (
	hostA = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	hostB = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// loginOf returns a login for a host.
func loginOf(t *testing.T, host string) refresh.Login {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return refresh.Login{Registry: r}
}

// credential returns a password that expires 12 hours after noon.
func credential(l refresh.Login, password string) refresh.Credential {
	return refresh.Credential{Login: l, Token: credentials.Token{
		Username: "AWS", Password: password, IssuedTo: "profile dev", Issued: noon, Expiry: noon.Add(12 * time.Hour),
	}}
}

// preset returns a rule for a preset and two credentials.
func preset(t *testing.T, name string, hosts ...string) (secret.Rule, []refresh.Credential) {
	t.Helper()
	form, ok := secret.Preset(name)
	if !ok {
		t.Fatalf("no preset %s", name)
	}
	rule := secret.Rule{Name: "regcred", Form: form}
	var creds []refresh.Credential
	for i, host := range hosts {
		rule.Logins = append(rule.Logins, loginOf(t, host))
		creds = append(creds, credential(rule.Logins[i], fmt.Sprintf("password%d", i)))
	}
	return rule, creds
}

func newTestContent(t *testing.T, rule secret.Rule, creds []refresh.Credential) *content {
	t.Helper()
	c, err := newContent(rule, creds)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// decoded returns a body with its data in plain text.
func decoded(t *testing.T, body []byte) (m manifest, data map[string]string) {
	t.Helper()
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	data = map[string]string{}
	for key, value := range m.Data {
		data[key] = string(value)
	}
	return m, data
}

// TestBody checks the complete JSON of the default form.
func TestBody(t *testing.T) {
	rule, creds := preset(t, "dockerconfigjson", hostA, hostB)
	rule.Logins[1].Server = "https://" + hostB
	creds[1].Login.Server = rule.Logins[1].Server
	creds[1].Token.Expiry = noon.Add(6 * time.Hour).In(time.FixedZone("", 3600))
	creds[1].Token.IssuedTo = "role\npull"
	c := newTestContent(t, rule, creds)
	want := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"regcred",` +
		`"labels":{"app.kubernetes.io/managed-by":"ecr-token-refresh","velero.io/exclude-from-backup":"true"},` +
		`"annotations":{"ecr-login/content-hash":"HASH","ecr-login/expiry":"2026-01-02T18:00:00Z","ecr-login/identity":"profile dev, role pull"}},` +
		`"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"BASE64"}}`
	got, data := decoded(t, c.body("", ""))
	text := string(c.body("", ""))
	text = strings.Replace(text, got.Metadata.Annotations[AnnotationHash], "HASH", 1)
	encoded, err := json.Marshal(got.Data[".dockerconfigjson"])
	if err != nil {
		t.Fatal(err)
	}
	text = strings.Replace(text, string(encoded), `"BASE64"`, 1)
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	config := `{"auths":{"` + hostA + `":{"username":"AWS","password":"password0","auth":"QVdTOnBhc3N3b3JkMA=="},` +
		`"https://` + hostB + `":{"username":"AWS","password":"password1","auth":"QVdTOnBhc3N3b3JkMQ=="}}}`
	if data[".dockerconfigjson"] != config {
		t.Errorf("got\n%s\nwant\n%s", data[".dockerconfigjson"], config)
	}
	if hash := got.Metadata.Annotations[AnnotationHash]; len(hash) != 64 {
		t.Errorf("hash %q", hash)
	}
}

func TestBodyOfPresets(t *testing.T) {
	for name, want := range map[string]struct {
		typ  string
		data map[string]string
	}{
		"docker-config": {"Opaque", map[string]string{
			"config.json": `{"auths":{"` + hostA + `":{"username":"AWS","password":"password0","auth":"QVdTOnBhc3N3b3JkMA=="}}}`,
		}},
		"basic-auth":    {"kubernetes.io/basic-auth", map[string]string{"username": "AWS", "password": "password0"}},
		"image-updater": {"Opaque", map[string]string{"creds": "AWS:password0"}},
		"argocd-repo-creds": {"Opaque", map[string]string{
			"url": hostA, "type": "helm", "enableOCI": "true", "username": "AWS", "password": "password0",
		}},
	} {
		rule, creds := preset(t, name, hostA)
		s, data := decoded(t, newTestContent(t, rule, creds).body("", ""))
		if diff := cmp.Diff(want.data, data); diff != "" || s.Type != want.typ {
			t.Errorf("preset %s: type %s, %s", name, s.Type, diff)
		}
		if name == "argocd-repo-creds" && s.Metadata.Labels["argocd.argoproj.io/secret-type"] != "repo-creds" {
			t.Errorf("labels %v", s.Metadata.Labels)
		}
	}
}

// TestBodyOfTemplates checks all placeholders and the defaults that a Form can replace.
func TestBodyOfTemplates(t *testing.T) {
	rule, creds := preset(t, "basic-auth", hostA)
	rule.Form = secret.Form{
		Labels:      map[string]string{"host": "${host}", "velero.io/exclude-from-backup": "false"},
		Annotations: map[string]string{"until": "${expiry} $${host} $5"},
		Data:        map[string]string{"all": "${username} ${password} ${auth} ${host}", "empty": ""},
	}
	if err := rule.Form.Check(1); err != nil {
		t.Fatal(err)
	}
	s, data := decoded(t, newTestContent(t, rule, creds).body("", ""))
	labels := map[string]string{
		"host": hostA, "velero.io/exclude-from-backup": "false", "app.kubernetes.io/managed-by": "ecr-token-refresh",
	}
	if diff := cmp.Diff(labels, s.Metadata.Labels); diff != "" {
		t.Error(diff)
	}
	if got, want := s.Metadata.Annotations["until"], "2026-01-03T00:00:00Z ${host} $5"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := map[string]string{"all": "AWS password0 QVdTOnBhc3N3b3JkMA== " + hostA, "empty": ""}
	if diff := cmp.Diff(want, data); diff != "" || s.Type != "Opaque" {
		t.Errorf("type %s, %s", s.Type, diff)
	}
}

func TestBodyWithPreconditions(t *testing.T) {
	rule, creds := preset(t, "dockerconfigjson", hostA)
	c := newTestContent(t, rule, creds)
	plain, head := string(c.body("", "")), `{"apiVersion":"v1","kind":"Secret","metadata":{`
	for got, want := range map[string]string{
		string(c.body("u", "")):  `"uid":"u",`,
		string(c.body("u", "7")): `"uid":"u","resourceVersion":"7",`,
	} {
		if got != head+want+strings.TrimPrefix(plain, head) {
			t.Errorf("got %s", got)
		}
	}
	if string(c.body("", "")) != plain {
		t.Error("a body with preconditions changed the content")
	}
}

// TestHash checks that the hash changes with the data only.
func TestHash(t *testing.T) {
	rule, creds := preset(t, "dockerconfigjson", hostA)
	of := func() string {
		s, _ := decoded(t, newTestContent(t, rule, creds).body("", ""))
		return s.Metadata.Annotations[AnnotationHash]
	}
	first := of()
	creds[0].Token.Expiry = noon.Add(time.Hour)
	if of() != first {
		t.Error("the hash depends on the expiration time")
	}
	creds[0].Token.Password = "other"
	if of() == first {
		t.Error("the hash does not depend on the password")
	}
	if hash(map[string]string{"ab": "c"}) == hash(map[string]string{"a": "bc"}) {
		t.Error("the hash does not separate keys and values")
	}
}

func TestMissing(t *testing.T) {
	rule, creds := preset(t, "dockerconfigjson", hostA, hostB)
	if c := newTestContent(t, rule, creds); len(c.missing) > 0 {
		t.Errorf("missing %q", c.missing)
	}
	if c := newTestContent(t, rule, creds[1:]); len(c.missing) != 1 || c.missing[0] != hostA {
		t.Errorf("missing %q", c.missing)
	}
	if _, err := newContent(rule, nil); err == nil {
		t.Error("a content without a password was rendered")
	}
	rule.Logins = append(rule.Logins, rule.Logins[0])
	if _, err := newContent(rule, append(creds, creds[0])); err == nil || !strings.Contains(err.Error(), "duplicate registry "+hostA) {
		t.Errorf("got %v", err)
	}
}

func TestUsable(t *testing.T) {
	rule, creds := preset(t, "dockerconfigjson", hostA, hostB)
	creds[1].Token.Expiry = noon.Add(time.Hour)
	c := newTestContent(t, rule, creds)
	if !c.usable(noon) || c.usable(noon.Add(time.Hour)) {
		t.Errorf("at noon %v, at expiry %v", c.usable(noon), c.usable(noon.Add(time.Hour)))
	}
}

// TestTooManyRegistries checks that a Secret that the API server would reject is not sent to each namespace.
func TestTooManyRegistries(t *testing.T) {
	var hosts []string
	for i := range 300 {
		hosts = append(hosts, fmt.Sprintf("%012d.dkr.ecr.us-west-2.amazonaws.com", i))
	}
	rule, creds := preset(t, "dockerconfigjson", hosts...)
	for i := range creds {
		creds[i].Token.Password = strings.Repeat("x", 2500)
	}
	_, err := newContent(rule, creds)
	const want = "Secret regcred: 1779011 bytes for 300 registries exceed the limit of a Secret (1048576); " +
		"use several rules with different names"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	newTestContent(t, rule, creds[:150])
}
