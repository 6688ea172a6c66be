package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/credentials"
	"ecrlogin/internal/awstest"
)

// A cluster is an API server with the namespaces team-a, team-b and other, which denies access to Secrets in team-b.
type cluster struct {
	mu      sync.Mutex
	written []string // namespaces
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/api/v1/namespaces" && r.URL.Query().Get("watch") == "":
		list := metav1.PartialObjectMetadataList{TypeMeta: typeOf("PartialObjectMetadataList")}
		for _, name := range []string{"other", "team-a", "team-b"} {
			list.Items = append(list.Items, metav1.PartialObjectMetadata{
				TypeMeta: typeOf("PartialObjectMetadata"), ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
		reply(w, http.StatusOK, list)
	case r.Method != http.MethodPatch || len(parts) != 6 || parts[4] != "secrets":
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, r.URL.Path+" not found")
	case parts[3] == "team-b":
		fail(w, http.StatusForbidden, metav1.StatusReasonForbidden,
			`secrets "regcred" is forbidden: User "x" cannot patch resource "secrets" in API group "" in the namespace "team-b"`)
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/strategic-merge-patch"):
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, `secrets "regcred" not found`)
	default:
		if r.URL.Query().Get("dryRun") == "" {
			c.written = append(c.written, parts[3])
		}
		reply(w, http.StatusOK, metav1.PartialObjectMetadata{
			TypeMeta: typeOf("PartialObjectMetadata"),
			ObjectMeta: metav1.ObjectMeta{Name: parts[5], Namespace: parts[3], UID: "x", ResourceVersion: "1",
				Labels: map[string]string{"app.kubernetes.io/managed-by": "ecr-token-refresh"}},
		})
	}
}

func typeOf(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{Kind: kind, APIVersion: "meta.k8s.io/v1"}
}

func reply(w http.ResponseWriter, code int, o any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(o)
}

func fail(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	reply(w, code, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message})
}

// TestEnvironment runs the program with the variables of k8s-ecr-login-renew and without arguments: it writes the
// Secret once and exits, and the error names the namespace that failed.
func TestEnvironment(t *testing.T) {
	tests := []struct {
		name       string
		registries string
		args       []string
		written    []string
		calls      int    // of AWS
		stdout     string // prefix
	}{
		{"registries", "https://123456789012.dkr.ecr.us-west-2.amazonaws.com", nil,
			[]string{"team-a"}, 1, "secret regcred: up to date in 1 namespace, 1 failed; expires 2"},
		{"default registry", "", nil,
			[]string{"team-a"}, 2, "secret regcred: up to date in 1 namespace, 1 failed; expires 2"},
		{"dry run", "", []string{"--dry-run"}, nil, 0, "secret regcred: namespace team-a: create: does not exist\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			aws, c := awstest.New(t), new(cluster)
			server := httptest.NewServer(c)
			defer server.Close()
			cmd := exec.Command("ecr-token-refresh", tt.args...)
			cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "KUBECONFIG="+kubeconfig(t, server.URL),
				"AWS_ACCESS_KEY_ID="+awstest.KeyID, "AWS_SECRET_ACCESS_KEY="+awstest.SecretKey, "AWS_REGION=us-west-2",
				"AWS_CA_BUNDLE="+aws.CAFile, "HTTPS_PROXY="+aws.Proxy, "HOME="+t.TempDir(),
				"DOCKER_SECRET_NAME=regcred", "TARGET_NAMESPACE=team-*", "DOCKER_REGISTRIES="+tt.registries)
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if code := exitCode(cmd.Run()); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			if !strings.HasPrefix(stdout.String(), tt.stdout) || strings.Count(stdout.String(), "\n") != 1 {
				t.Errorf("standard output:\n%swant one line: %s", stdout.String(), tt.stdout)
			}
			got := stderr.String()
			if !strings.HasPrefix(got, "secret regcred: namespace team-b: ") || strings.Count(got, "\n") != 1 {
				t.Errorf("standard error is not one line that names the namespace:\n%s", got)
			}
			calls := aws.Count(awstest.GetAuthorizationToken)
			if !slices.Equal(c.written, tt.written) || calls != tt.calls {
				t.Errorf("written %v, want %v; %d calls, want %d", c.written, tt.written, calls, tt.calls)
			}
			if credentials.Reveals(stdout.String()+stderr.String(), aws.Passwords()...) {
				t.Errorf("the output contains a password:\n%s%s", stdout.String(), stderr.String())
			}
		})
	}
}

// kubeconfig writes a kubeconfig file without credentials.
func kubeconfig(t *testing.T, server string) (path string) {
	t.Helper()
	return writeFile(t, t.TempDir(), "kubeconfig", fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
`, server))
}

func writeFile(t *testing.T, dir, name, content string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(fmt.Errorf("writing %s: %w", name, err))
	}
	return path
}

func exitCode(err error) int {
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		return exited.ExitCode()
	}
	return 0
}
