package kubernetes

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/e2e/sandbox"
	"ecrlogin/internal/awstest"
)

const (
	// nodeName is a name that resolves.
	nodeName = "localhost"
	// nodeAddress is reserved for documentation. The kubelet does not accept addresses in 127.0.0.0/8.
	nodeAddress = "198.51.100.1"
	// kubeletURL is the address of the kubelet's health endpoint.
	kubeletURL = "http://127.0.0.1:10248"
)

// A node is containerd and a kubelet that runs the helper.
type node struct {
	dir        string
	log        *transcript // of the kubelet
	kubelet    *process
	args       []string // of the kubelet
	env        []string // of the kubelet
	containerd *process
}

// startNode starts containerd, which trusts the stand-in for AWS, and the kubelet.
func startNode(t *testing.T, dir string, aws *awstest.Server, plane controlPlane) *node {
	t.Helper()
	dir = makeDir(t, dir, "node")
	if out, err := exec.Command("ip", "address", "replace", nodeAddress+"/32", "dev", "lo").CombinedOutput(); err != nil {
		t.Fatalf("adding the address of the node: %v: %s", err, out)
	}
	values := map[string]string{
		"DIR": dir, "PAUSE": pauseImage, "CGROUP": sandbox.CgroupParent(),
		"ENV": providerEnv(aws),
	}
	for _, name := range []string{"containerd.toml", "kubelet.yaml", "providers.yaml", "mirror.yaml"} {
		writeFile(t, filepath.Join(dir, name), os.Expand(readFile(t, "testdata/"+name), func(v string) string { return values[v] }))
	}
	n := &node{dir: dir, log: newTranscript(), env: []string{"PATH=" + os.Getenv("PATH")}}
	n.installNetwork(t)
	n.installHelper(t)
	n.trust(t, aws)
	n.configureMirror(t)
	n.startContainerd(t, aws, filepath.Join(dir, "containerd.toml"))
	t.Cleanup(func() { n.containerd.stop() }) // the current one
	n.importImage(t, "pause", pauseImage)
	n.args = []string{
		"--config=" + filepath.Join(dir, "kubelet.yaml"), "--kubeconfig=" + plane.kubeconfig(t, dir),
		"--root-dir=" + filepath.Join(dir, "kubelet"), "--cert-dir=" + filepath.Join(dir, "pki"),
		"--hostname-override=" + nodeName, "--node-ip=" + nodeAddress,
		"--image-credential-provider-config=" + filepath.Join(dir, "providers.yaml"),
		"--image-credential-provider-bin-dir=" + filepath.Join(dir, "plugins"),
		"--v=2", "--vmodule=plugin=5", // plugin=5 logs the requests for image credentials
	}
	n.startKubelet(t)
	t.Cleanup(func() { n.kubelet.stop() }) // the current one
	return n
}

// startKubelet starts the kubelet without HOME and waits until it is healthy.
func (n *node) startKubelet(t *testing.T) {
	t.Helper()
	n.kubelet = start(t, n.log, n.env, lookPath(t, "kubelet"), n.args...)
	n.kubelet.awaitAnswer(t, func() error {
		resp, err := http.Get(kubeletURL + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err
	})
}

// restartKubelet restarts the kubelet, which clears the passwords in its memory. Pods continue to run.
func (n *node) restartKubelet(t *testing.T) {
	t.Helper()
	n.kubelet.stop()
	n.startKubelet(t)
}

// helperRuns returns how often the kubelet ran the helper for images of host, after line start of its log.
func (n *node) helperRuns(start int, host string) (runs int) {
	lines, _ := n.log.since(start)
	for _, line := range lines {
		if containsAll(line, []string{"Getting image credentials from external exec plugin", host}) {
			runs++
		}
	}
	return runs
}

// startContainerd starts containerd with a configuration. It trusts the stand-in also without a hosts.toml.
func (n *node) startContainerd(t *testing.T, aws *awstest.Server, config string) {
	t.Helper()
	env := []string{"PATH=" + os.Getenv("PATH"), "SSL_CERT_FILE=" + aws.CAFile}
	n.containerd = start(t, newTranscript(), env, lookPath(t, "containerd"), "--config="+config)
	n.containerd.awaitAnswer(t, func() error { return n.ctr("version") })
}

func (n *node) ctr(args ...string) error {
	cmd := exec.Command("ctr", append([]string{"--address=" + filepath.Join(n.dir, "containerd.sock"), "--namespace=k8s.io"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ctr %s: %w: %s", args[0], err, out)
	}
	return nil
}

// importImage adds an image with a program of PATH to containerd, so that it is not pulled.
func (n *node) importImage(t *testing.T, program, name string) {
	t.Helper()
	if err := n.ctr("images", "import", archive(t, program, name)); err != nil {
		t.Fatal(err)
	}
}

// installHelper links the helper in the kubelet's plugin directory, with each of the names in providers.yaml.
func (n *node) installHelper(t *testing.T) {
	t.Helper()
	plugins := makeDir(t, n.dir, "plugins")
	for _, name := range []string{"ecr-credential-provider", "docker-credential-ecr-login", "ecr-for-quay", "ecr-for-pods", "ecr-for-pods-with-roles"} {
		if err := os.Symlink(lookPath(t, "docker-credential-ecr-login"), filepath.Join(plugins, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// installNetwork installs a network plugin that does nothing, also with the name loopback.
func (n *node) installNetwork(t *testing.T) {
	t.Helper()
	dir := makeDir(t, n.dir, "cni")
	writeFile(t, filepath.Join(dir, "10-none.conflist"), readFile(t, "testdata/cni.conflist"))
	for _, name := range []string{"none", "loopback"} { // not in dir, where containerd 2 reads the directory none
		if err := os.Chmod(writeFile(t, filepath.Join(dir, "bin", name), readFile(t, "testdata/cni.sh")), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// trust configures containerd to trust the registries, and to use a repository of one of them as mirror of Quay.
func (n *node) trust(t *testing.T, aws *awstest.Server) {
	t.Helper()
	hostsFile := func(host string) string { return filepath.Join(n.dir, "certs.d", host, "hosts.toml") }
	const direct = "[host.\"https://%s\"]\n  capabilities = [\"pull\", \"resolve\"]\n  ca = %q\n"
	for _, host := range hosts() {
		writeFile(t, hostsFile(host), fmt.Sprintf(direct, host, aws.CAFile))
	}
	// Without server, containerd requests missing images from Quay, with the mirror's password.
	const mirror = "server = \"https://%[1]s\"\n[host.\"https://%[1]s/v2/quay\"]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n  ca = %[2]q\n"
	writeFile(t, hostsFile("quay.io"), fmt.Sprintf(mirror, mirrorHost, aws.CAFile))
}

// configureMirror runs "configure containerd" for Docker Hub.
func (n *node) configureMirror(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), lookPath(t, "docker-credential-ecr-login"), "configure", "containerd",
		"--mirror=docker.io="+mirrorHost+"/docker-hub", "--certs-dir="+filepath.Join(n.dir, "certs.d"),
		"--containerd-config="+filepath.Join(n.dir, "containerd.toml"), "--config-file="+filepath.Join(n.dir, "providers.yaml"))
	cmd.Env = append([]string{"HOME=" + t.TempDir(), "ECR_LOGIN_CONFIG=" + filepath.Join(n.dir, "ecr-login.yaml")}, n.env...)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "restart the kubelet") {
		t.Fatalf("configure containerd: %v\n%s", err, out)
	}
}

// providerEnv returns the environment variables of a provider, in YAML.
func providerEnv(aws *awstest.Server) string {
	return fmt.Sprintf("[{name: AWS_ACCESS_KEY_ID, value: %s}, {name: AWS_SECRET_ACCESS_KEY, value: %s}, {name: AWS_EC2_METADATA_DISABLED, value: \"true\"}, {name: AWS_CA_BUNDLE, value: %q}, {name: HTTPS_PROXY, value: %q}]",
		awstest.KeyID, awstest.SecretKey, aws.CAFile, aws.Proxy)
}

func lookPath(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
