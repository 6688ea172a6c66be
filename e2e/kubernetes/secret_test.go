package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
	refreshed "ecrlogin/refresh/kubernetes"
	"ecrlogin/refresh/kubernetes/secret"
	"ecrlogin/registry"
)

// TestSecrets runs the tests of package refresh/kubernetes that concern one Secret, with one control plane.
func TestSecrets(t *testing.T) {
	dir, err := os.MkdirTemp("/run", "secrets-")
	if err != nil {
		t.Fatal(err)
	}
	plane := startControlPlane(t, dir)
	for name, test := range map[string]func(*testing.T, secretSpace){
		"unchanged":             secretUnchanged,
		"edited":                secretEdited,
		"deleted":               secretDeleted,
		"foreign":               secretForeign,
		"foreignEqual":          secretForeignEqual,
		"foreignOtherKeys":      secretForeignOtherKeys,
		"foreignAtCreation":     secretForeignAtCreation,
		"foreignDuringAdoption": secretForeignDuringAdoption,
		"replaced":              secretReplaced,
		"contested":             secretContested,
		"labeled":               secretLabeled,
		"immutable":             secretImmutable,
		"otherType":             secretOtherType,
		"incomplete":            secretIncomplete,
		"rejected":              secretRejected,
		"terminating":           secretTerminating,
		"missingNamespace":      secretMissingNamespace,
		"permissions":           secretPermissions,
		"plan":                  secretPlan,
		"prune":                 secretPrune,
		"pruneChanged":          secretPruneChanged,
		"pruneDenied":           secretPruneDenied,
		"accounts":              secretAccounts,
		"accountsConcurrent":    secretAccountsConcurrent,
		"accountsDenied":        secretAccountsDenied,
		"presets":               secretPresets,
	} {
		t.Run(name, func(t *testing.T) { test(t, newSecretSpace(t, plane)) })
	}
}

const (
	secretName = "regcred"
	secretHost = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	otherHost  = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
)

// A secretSpace is a namespace for one test, and a rule for a Secret in it.
type secretSpace struct {
	controlPlane
	name string
	rule secret.Rule
}

func newSecretSpace(t *testing.T, plane controlPlane) secretSpace {
	t.Helper()
	s := secretSpace{controlPlane: plane, name: strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))}
	form, ok := secret.Preset("dockerconfigjson")
	if !ok {
		t.Fatal("no preset dockerconfigjson")
	}
	s.rule = secret.Rule{Name: secretName, Namespaces: []string{s.name}, Logins: []refresh.Login{secretLogin(t, secretHost)}, Form: form}
	_, err := s.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.name}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func secretLogin(t *testing.T, host string) refresh.Login {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return refresh.Login{Registry: r}
}

// A secretClient changes the client of a Secret.
type secretClient func(*rest.Config)

// as makes the client a user without permissions.
func as(user string) secretClient {
	return func(c *rest.Config) { c.Impersonate.UserName = user }
}

// before calls f before each request that matches a method and has the text in its URL.
func before(method, text string, f func()) secretClient {
	return func(c *rest.Config) {
		c.Wrap(func(base http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == method && strings.Contains(r.URL.String(), text) {
					f()
				}
				return base.RoundTrip(r)
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// start returns the Secret of the rule, as of a new process.
func (s secretSpace) start(t *testing.T, client ...secretClient) *refreshed.Secret {
	t.Helper()
	config := s.config(s.adminToken)
	for _, change := range client {
		change(config)
	}
	cluster, err := refreshed.NewCluster(refreshed.Options{Config: config, Once: true, Log: slog.New(slog.NewTextHandler(logTo{t}, nil))})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := cluster.Secret(s.rule)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// logTo writes to the log of a test.
type logTo struct{ t *testing.T }

var _ io.Writer = logTo{}

func (l logTo) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// secretPassword returns a credential that is valid for 12 hours.
func secretPassword(l refresh.Login, password string) refresh.Credential {
	now := time.Now()
	return refresh.Credential{Login: l, Token: credentials.Token{
		Username: "AWS", Password: "password " + password, IssuedTo: "test", Issued: now, Expiry: now.Add(12 * time.Hour),
	}}
}

// apply writes passwords for all logins of the rule and returns the failure in the namespace, or "".
func (s secretSpace) apply(t *testing.T, secret *refreshed.Secret, password string) (failure string) {
	t.Helper()
	var creds []refresh.Credential
	for _, l := range s.rule.Logins {
		creds = append(creds, secretPassword(l, password))
	}
	return s.applyAll(t, secret, creds)
}

func (s secretSpace) applyAll(t *testing.T, secret *refreshed.Secret, creds []refresh.Credential) (failure string) {
	t.Helper()
	if err := secret.Apply(t.Context(), creds); err != nil {
		t.Fatal(err)
	}
	for _, f := range secret.Report().Failing {
		if strings.ContainsAny(f.Error, "\n") || strings.Contains(f.Error, creds[0].Token.Password) {
			t.Errorf("failure %q", f.Error)
		}
		if f.Place == "namespace "+s.name { // a prune also finds the namespaces of other tests
			failure = f.Error
		}
	}
	return failure
}

// mustApply fails the test if the password cannot be written or is not in the Secret after that.
func (s secretSpace) mustApply(t *testing.T, secret *refreshed.Secret, password string) *corev1.Secret {
	t.Helper()
	if failure := s.apply(t, secret, password); failure != "" {
		t.Fatal(failure)
	}
	return s.mustContain(t, password)
}

func (s secretSpace) mustContain(t *testing.T, password string) *corev1.Secret {
	t.Helper()
	got := s.get(t)
	if in := passwordOf(t, got); in != "password "+password {
		t.Fatalf("the Secret contains %q, want the password %q", in, password)
	}
	return got
}

// passwordOf returns the password of a dockerconfigjson Secret for secretHost.
func passwordOf(t *testing.T, s *corev1.Secret) string {
	t.Helper()
	var config struct {
		Auths map[string]struct{ Username, Password, Auth string }
	}
	if err := json.Unmarshal(s.Data[corev1.DockerConfigJsonKey], &config); err != nil {
		t.Fatal(err)
	}
	a := config.Auths[secretHost]
	if want := base64.StdEncoding.EncodeToString([]byte(a.Username + ":" + a.Password)); a.Password != "" && a.Auth != want {
		t.Fatalf("auth is %q, want %q", a.Auth, want)
	}
	return a.Password
}

func (s secretSpace) get(t *testing.T) *corev1.Secret {
	t.Helper()
	got, err := s.client.CoreV1().Secrets(s.name).Get(t.Context(), secretName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// foreignSecret is a Secret of kubectl's with another password.
func foreignSecret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: secretName},
		Type:       corev1.SecretTypeDockerConfigJson,
		Data:       map[string][]byte{corev1.DockerConfigJsonKey: fmt.Appendf(nil, `{"auths":{%q:{"username":"AWS","password":"foreign","auth":"QVdTOmZvcmVpZ24="}}}`, secretHost)},
	}
}

// create creates a Secret as kubectl create does.
func (s secretSpace) create(t *testing.T, secret *corev1.Secret) *corev1.Secret {
	t.Helper()
	got, err := s.client.CoreV1().Secrets(s.name).Create(t.Context(), secret, metav1.CreateOptions{FieldManager: "kubectl-create"})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// edit changes the Secret by a merge patch, as kubectl edit does.
func (s secretSpace) edit(t *testing.T, patch string) {
	t.Helper()
	_, err := s.client.CoreV1().Secrets(s.name).Patch(t.Context(), secretName, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	if err != nil {
		t.Fatal(err)
	}
}

func (s secretSpace) delete(t *testing.T) {
	t.Helper()
	if err := s.client.CoreV1().Secrets(s.name).Delete(t.Context(), secretName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// mustBe fails the test if a failure is another text. NAMESPACE in want is replaced.
func (s secretSpace) mustBe(t *testing.T, failure, want string) {
	t.Helper()
	if want = strings.ReplaceAll(want, "NAMESPACE", s.name); failure != want {
		t.Errorf("got  %s\nwant %s", failure, want)
	}
}

// mustBeUntouched fails the test if the Secret has changed.
func (s secretSpace) mustBeUntouched(t *testing.T, before *corev1.Secret) {
	t.Helper()
	if after := s.get(t); after.UID != before.UID || after.ResourceVersion != before.ResourceVersion {
		t.Errorf("the Secret has changed: %v", after.ObjectMeta)
	}
}
