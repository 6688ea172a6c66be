package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/program"
)

// A containerd2Config is what differs from the default configuration of containerd 2, in its table cri.v1.images.
type containerd2Config struct {
	name       string
	configPath string
	local      bool   // use_local_image_pull, which turns off the transfer service
	problem    string // what doctor reports; "" for none
}

// directories is a list for config_path, which is also the default of containerd 2.
const directories = containerdconf.DefaultCerts + ":/etc/docker/certs.d"

// With leakingConfigs, containerd ignores the mirrors.
var leakingConfigs = []containerd2Config{
	{name: "default", problem: "containerd has no mirror for it (config_path in " + containerdconf.DefaultConfig +
		"), so it sends the password there"},
	{name: "list", configPath: directories, problem: "config_path in " + containerdconf.DefaultConfig +
		" lists several directories, so containerd 2 ignores its mirrors and sends the password of Amazon ECR to docker.io"},
}

// With mirroringConfigs, containerd uses the mirrors.
var mirroringConfigs = []containerd2Config{
	{name: "directory", configPath: containerdconf.DefaultCerts},
	{name: "list of local pulls", configPath: directories, local: true},
}

// dropIn is a file that the default configuration of containerd 2 imports.
const dropIn = "/etc/containerd/conf.d/e2e.toml"

// TestContainerd2 runs "configure containerd" on a node with containerd 2 and its default configuration, and pods with
// images of Docker Hub. If config_path is one directory, containerd pulls them from an Amazon ECR pull-through cache.
// If it is a list, which is the default, containerd sends the password of Amazon ECR to Docker Hub. The command
// prevents this, and "doctor" reports it.
//
// The first subtests are those of TestKubelet. They use a configuration of containerd 1.
func TestContainerd2(t *testing.T) {
	preserve(t, containerdconf.DefaultConfig, dropIn, program.SystemConfig,
		containerdconf.HostsFile(containerdconf.DefaultCerts, "docker.io"))
	clearCache(t)
	programs := filepath.Join(filepath.Dir(lookPath(t, "kubelet")), containerd2)
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	c := startCluster(t)
	t.Run("pull", func(t *testing.T) { pull(t, c) })
	t.Run("mirror", func(t *testing.T) { mirror(t, c) })
	t.Run("expired", func(t *testing.T) { expired(t, c) })
	t.Run("denied", func(t *testing.T) { denied(t, c) })

	hub := startUpstream(t, c.aws)
	publish(t, c.aws, mirrorHost, "docker-hub/library/app")
	providers := c.node.configureKubelet(t, c.aws)
	for _, config := range leakingConfigs {
		t.Run("refused/"+config.name, func(t *testing.T) { refused(t, c, config, providers) })
	}
	for _, config := range mirroringConfigs {
		t.Run("mirrored/"+config.name, func(t *testing.T) { mirrored(t, c, config, hub) })
	}
	for _, config := range leakingConfigs {
		t.Run("leak/"+config.name, func(t *testing.T) { leak(t, c, config, hub) })
	}
}

// refused tests that the kubelet does not get the password for Docker Hub if containerd would send it there.
func refused(t *testing.T, c *cluster, config containerd2Config, providers string) {
	c.node.writeContainerd2Config(t, config)
	out := c.node.configureHub(t)
	for _, want := range []string{
		"the alias and matchImages were not written, because containerd would send the password of Amazon ECR to",
		"[plugins.\"io.containerd.cri.v1.images\".registry]\n      config_path = \"" + containerdconf.DefaultCerts + "\"",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output does not contain %q:\n%s", want, out)
		}
	}
	if text := readFile(t, providers); strings.Contains(text, "docker.io") {
		t.Errorf("matchImages contains docker.io:\n%s", text)
	}
}

// mirrored runs a pod with an image of the pull-through cache. Docker Hub receives no requests, even for an image that
// is missing in the cache.
func mirrored(t *testing.T, c *cluster, config containerd2Config, hub *upstream) {
	c.node.writeContainerd2Config(t, config)
	if out := c.node.configureHub(t); !strings.Contains(out, "restart the kubelet") {
		t.Fatalf("configure containerd did not add the alias:\n%s", out)
	}
	c.restartContainerd2(t)
	ns := c.newNamespace(t)
	ns.pod(t, "app", "app:1")
	ns.pod(t, "missing", "missing:1")
	ns.awaitRunning(t, "app")
	ns.mustFailWith(t, "missing", "docker.io/library/missing:1: not found")
	if requests, _ := hub.received(); len(requests) > 0 {
		t.Errorf("Docker Hub received %q", requests)
	}
	out, err := c.node.command(t, "doctor", "--kubelet", "app:1")
	if err != nil || !strings.Contains(out, "no problems found") {
		t.Errorf("doctor: %v\n%s", err, out)
	}
}

// leak tests that containerd ignores the mirror and sends the password of Amazon ECR to Docker Hub, if its
// configuration has changed after "configure containerd".
func leak(t *testing.T, c *cluster, config containerd2Config, hub *upstream) {
	c.node.writeContainerd2Config(t, config)
	out, err := c.node.command(t, "doctor", "--kubelet", "app:1")
	if err == nil || !strings.Contains(out, config.problem) {
		t.Errorf("doctor: %v, want %q\n%s", err, config.problem, out)
	}
	c.restartContainerd2(t)
	ns := c.newNamespace(t)
	ns.pod(t, "app", "app:1")
	ns.mustFailWith(t, "app", "401 Unauthorized")
	requests, passwords := hub.received()
	if len(passwords) == 0 {
		t.Errorf("Docker Hub received no password in %q; correct the page about config_path", requests)
	}
	for _, p := range passwords {
		if issued, ok := c.aws.Issued(p); !ok || issued.Region != regionOf(t, mirrorHost) {
			t.Errorf("Docker Hub received a password that is not that of %s", mirrorHost)
		}
	}
}

// configureHub runs "configure containerd" for Docker Hub, as a user does, and returns its output.
func (n *node) configureHub(t *testing.T) (output string) {
	t.Helper()
	output, err := n.command(t, "configure", "containerd", "--mirror", "docker.io="+mirrorHost+"/docker-hub")
	if err != nil {
		t.Fatalf("configure containerd: %v\n%s", err, output)
	}
	return output
}

// writeContainerd2Config writes the default configuration of containerd 2 with some changes, and the file that it
// imports.
func (n *node) writeContainerd2Config(t *testing.T, config containerd2Config) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "containerd", "config", "default").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	replace := func(before, after string) {
		if strings.Count(text, before) != 1 {
			t.Fatalf("the default configuration does not contain %q once:\n%s", before, out)
		}
		text = strings.Replace(text, before, after, 1)
	}
	const table = "[plugins.'io.containerd.cri.v1.images'.registry]\n      config_path = '"
	replace(table+"'", table+config.configPath+"'")
	if config.local {
		replace("use_local_image_pull = false", "use_local_image_pull = true")
	}
	writeFile(t, containerdconf.DefaultConfig, text)
	values := map[string]string{"DIR": n.dir, "PAUSE": pauseImage}
	sandboxed := os.Expand(readFile(t, "testdata/containerd2.toml"), func(v string) string { return values[v] })
	writeFile(t, dropIn, sandboxed)
}

// restartContainerd2 restarts containerd with the current configuration, and the kubelet.
func (c *cluster) restartContainerd2(t *testing.T) {
	t.Helper()
	c.node.containerd.stop()
	c.node.startContainerd(t, c.aws, containerdconf.DefaultConfig)
	c.node.restartKubelet(t)
}
