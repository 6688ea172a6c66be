package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/proctable"
)

// refreshProgram is the name of the service account, of its namespace, and of the program.
const refreshProgram = "ecr-token-refresh"

// A refreshRelease is ecr-token-refresh as a manifest of deploy/kubernetes installs it: with that service account, its
// permissions and its configuration. The Deployment's pods are started as processes by start.
type refreshRelease struct {
	controlPlane
	config string // config.yaml in the manifest
	token  string // of the service account
}

// installRefresh applies a manifest for a release in a namespace.
func installRefresh(t *testing.T, p controlPlane, manifest, namespace string) refreshRelease {
	t.Helper()
	edit := strings.NewReplacer("namespace: "+refreshProgram+"\n", "namespace: "+namespace+"\n",
		// names of objects of the whole cluster
		"name: "+refreshProgram+":", "name: "+namespace+":", "ame: "+refreshProgram+".", "ame: "+namespace+".")
	r := refreshRelease{controlPlane: p}
	for _, o := range newApplier(t, p).applyFile(t, filepath.Join(manifests, manifest), edit) {
		if o.GetKind() == "ConfigMap" {
			r.config = o.Object["data"].(map[string]any)["config.yaml"].(string)
		}
	}
	r.token = p.tokenOf(t, namespace, refreshProgram)
	return r
}

// tokenOf returns a token of a service account.
func (p controlPlane) tokenOf(t *testing.T, namespace, account string) string {
	t.Helper()
	request, err := p.client.CoreV1().ServiceAccounts(namespace).
		CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

// A refreshRun is how a refresher is started.
type refreshRun struct {
	aws    *awstest.Server
	config string   // content of the configuration file; "" for none, and for the cluster of mountToken
	server string   // URL of the API server; "" for apiURL
	env    []string // in addition to those of the AWS identity
}

// A refresher is a process of ecr-token-refresh.
type refresher struct {
	*process
	began time.Time
	url   string // of the status pages
}

// start starts a process, which is killed at the end of the test, and waits until it serves its status pages.
func (r refreshRelease) start(t *testing.T, run refreshRun) *refresher {
	t.Helper()
	p := r.begin(t, run)
	var line struct{ Address string }
	if err := json.Unmarshal([]byte(p.log.await(t, 0, `"msg":"listening"`)), &line); err != nil {
		t.Fatal(err)
	}
	p.url = "http://" + line.Address
	return p
}

// begin starts a process, which is killed at the end of the test.
func (r refreshRelease) begin(t *testing.T, run refreshRun) *refresher {
	t.Helper()
	dir := t.TempDir()
	var args []string
	if run.config != "" {
		args = append(args, "--kubeconfig="+r.kubeconfigOf(t, dir, run.server), "--listen=127.0.0.1:0",
			"--config="+writeFile(t, filepath.Join(dir, "config.yaml"), run.config))
	}
	p := &refresher{began: time.Now()}
	p.process = start(t, newTranscript(), append(awsEnv(run.aws), run.env...), lookPath(t, refreshProgram), args...)
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("log of ecr-token-refresh:\n%s", p.log.tail(15))
		}
		p.mustContainNoSecret(t, run.aws)
	})
	return p
}

// awsEnv returns the variables with which a program finds the stand-in and an AWS identity.
func awsEnv(aws *awstest.Server) []string {
	return []string{
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE=" + aws.CAFile, "HTTPS_PROXY=" + aws.Proxy,
	}
}

// mustContainNoSecret fails the test if the output of the process contains a password.
func (p *refresher) mustContainNoSecret(t *testing.T, aws *awstest.Server) {
	t.Helper()
	output := p.log.tail(1 << 20)
	for _, secret := range append(aws.Passwords(), awstest.SecretKey) {
		if strings.Contains(output, secret) {
			t.Error("the output of ecr-token-refresh contains a secret")
		}
	}
}

// kubeconfigOf writes a kubeconfig file with the token of the service account.
func (r refreshRelease) kubeconfigOf(t *testing.T, dir, server string) (path string) {
	t.Helper()
	if server == "" {
		server = apiURL
	}
	return writeFile(t, filepath.Join(dir, ".kube", "config"), fmt.Sprintf(`
apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: user, user: {token: %q}}]
contexts: [{name: context, context: {cluster: cluster, user: user}}]
current-context: context
`, server, r.authority, r.token))
}

// mountToken writes the files of a service account as in a pod, and returns the variables of a pod. They are removed at
// the end of the test. No other process may start meanwhile.
func (r refreshRelease) mountToken(t *testing.T, namespace string) (env []string) {
	t.Helper()
	const dir = "/run/secrets/kubernetes.io/serviceaccount"
	writeFile(t, filepath.Join(dir, "token"), r.token)
	writeFile(t, filepath.Join(dir, "namespace"), namespace)
	writeFile(t, filepath.Join(dir, "ca.crt"), readFile(t, r.authority))
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return []string{"KUBERNETES_SERVICE_HOST=127.0.0.1", "KUBERNETES_SERVICE_PORT=6443"}
}

// refreshConfig returns a configuration that writes the Secret regcred.
func refreshConfig(interval, namespaces string, registries ...string) string {
	const format = "interval: %s\nkubernetes:\n  secrets:\n  - name: regcred\n    namespaces: [%s]\n    registries: [%s]\n"
	return fmt.Sprintf(format, interval, namespaces, strings.Join(registries, ", "))
}

// A refreshStatus is the part of /status that tests read.
type refreshStatus struct {
	Healthy, Ready, Alive bool
	Reasons               []string
	Targets               []struct {
		Name, State, Error string
		Places             struct {
			Current, Pending int
			Failing          []struct{ Place, Error string }
			Standby          bool
		}
	}
	Tokens []struct {
		Registry, Error string
		FailedAttempts  int
	}
	Cluster struct {
		Synced, Leading bool
		Holder, Error   string
		WatchAgeSeconds float64
	}
}

// page returns a page of the process.
func (p *refresher) page(path string) (code int, body string, err error) {
	resp, err := http.Get(p.url + path)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(content), err
}

// mustServe fails the test if a page has another status code, or does not contain all words.
func (p *refresher) mustServe(t *testing.T, path string, code int, words ...string) {
	t.Helper()
	got, body, err := p.page(path)
	if err != nil || got != code || !containsAll(body, words) {
		t.Errorf("%s: status %d, error %v, want %d and %q:\n%s", path, got, err, code, words, body)
	}
}

// awaitStatus polls /status until wanted returns true.
func (p *refresher) awaitStatus(t *testing.T, what string, wanted func(refreshStatus) bool) (s refreshStatus) {
	t.Helper()
	body := ""
	p.poll(t, what, conditionTimeout, func() bool {
		s = refreshStatus{}
		var err error
		_, body, err = p.page("/status")
		return err == nil && json.Unmarshal([]byte(body), &s) == nil && wanted(s)
	}, &body)
	return s
}

// poll waits for a state that cannot be watched. The detail is printed if it is not reached.
func (p *refresher) poll(t *testing.T, what string, limit time.Duration, done func() bool, detail *string) {
	t.Helper()
	deadline := time.After(limit)
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for !done() {
		select {
		case <-ticks.C:
		case <-p.ended:
			t.Fatalf("waiting until %s: the process exited:\n%s", what, p.log.tail(30))
		case <-deadline:
			t.Fatalf("not reached: %s\n%s\n%s", what, *detail, p.log.tail(30))
		}
	}
}

// current reports that the Secrets of a status are written to n namespaces.
func current(n int) func(refreshStatus) bool {
	return func(s refreshStatus) bool {
		return len(s.Targets) > 0 && s.Targets[0].State == "current" && s.Targets[0].Places.Current == n
	}
}

// exitLimit is how long the program may take to exit after SIGTERM.
const exitLimit = time.Second

// terminate sends SIGTERM, waits until the process has ended, and returns how long that took.
func (p *refresher) terminate(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	return time.Since(began)
}

// peakMemory returns the most physical memory that a process has used so far, in MiB.
func peakMemory(t *testing.T, pid int) float64 {
	t.Helper()
	kib, err := readPeak(pid)
	if err != nil {
		t.Fatal(err)
	}
	return kib / 1024
}

func readPeak(pid int) (kib float64, err error) {
	status, err := proctable.Status(pid)
	if err == nil && status["VmHWM"] == 0 { // the process has ended
		err = errors.New("no VmHWM")
	}
	return float64(status["VmHWM"]), err
}
