package kubernetes

import (
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"ecrlogin/internal/awstest"
)

// screenshot is the file of the picture in the documentation.
var screenshot = flag.String("screenshot", "", "write the picture of the status page to this `file`")

// statusConfig has a file that is current, a registry whose role AWS denies, and a Secret in several namespaces.
const statusConfig = `interval: 30m
registries:
- registry: ` + firstHost + `
  passwordFile: /opt/passwords/my-registry.pass
  mode: "0640"
- registry: ` + secondHost + `
  roleArn: arn:aws:iam::210987654321:role/pull
  dockerConfig: /opt/docker/config.json
kubernetes:
  secrets:
  - name: regcred
    namespaces: ["team-*", health-check]
    registries: [` + firstHost + `, ` + cachedHost + `]
`

// TestStatusPage opens the status page of ecr-token-refresh in Chromium, with failures of each kind. In all color
// schemes and widths, it is legible and has no layout faults. Names are shown as text.
func TestStatusPage(t *testing.T) {
	plane := startControlPlane(t, runDir(t))
	for _, name := range []string{"health-check", "team-payments", "team-search", "team-shop", "team-web", "other"} {
		createNamespace(t, plane, name)
	}
	const injection = "<i id=injected>" // the error contains the name of the field manager
	createForeign(t, plane.client, "team-search", "argocd-controller")
	createForeign(t, plane.client, "other", injection)
	const configFile = "/opt/config/ecr-token-refresh/config.yaml"
	writeFile(t, configFile, statusConfig)
	url := startStatus(t, plane, configFile)
	await := func(words ...string) string { return awaitDOM(t, url, words...) }
	await("team-search", "argocd-controller", "4 current", "1 failing", "role/pull", "my-registry.pass",
		"/opt/docker/config.json", "not written yet")

	for _, p := range []struct {
		name  string
		width int
		dark  bool
	}{{"wide", 1000, false}, {"wide dark", 1000, true}, {"phone", 390, false}, {"phone dark", 390, true}} {
		t.Run(p.name, func(t *testing.T) {
			picture := photograph(t, url, p.width, 6000, p.dark)
			mustBeLegible(t, picture, p.dark)
			if *screenshot != "" && p.name == "wide" {
				savePicture(t, picture, *screenshot)
			}
		})
	}

	writeFile(t, configFile, strings.Replace(statusConfig, "health-check", "other", 1))
	if dom := await("namespace other", "&lt;i id=injected&gt;"); strings.Contains(dom, "<i") {
		t.Error("the page contains an element from the name of a field manager")
	}
}

// createForeign creates the Secret of another field manager, which ecr-token-refresh does not replace.
func createForeign(t *testing.T, client kubernetes.Interface, namespace, manager string) {
	t.Helper()
	secret := foreignSecret()
	secret.Name = "regcred"
	options := metav1.CreateOptions{FieldManager: manager}
	if _, err := client.CoreV1().Secrets(namespace).Create(t.Context(), secret, options); err != nil {
		t.Fatal(err)
	}
}

// startStatus starts ecr-token-refresh as an administrator of the cluster, and returns the URL of its status page.
func startStatus(t *testing.T, plane controlPlane, configFile string) (url string) {
	t.Helper()
	aws, dir, log := awstest.New(t), t.TempDir(), newTranscript()
	for _, d := range []string{"/opt/passwords", "/opt/docker"} {
		makeDir(t, d, "")
	}
	plane.nodeToken = plane.adminToken // for the kubeconfig file
	p := start(t, log, []string{
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey, "AWS_EC2_METADATA_DISABLED=true",
		"SSL_CERT_FILE=" + aws.CAFile, "HTTPS_PROXY=" + aws.Proxy, "NO_PROXY=127.0.0.1",
		"POD_NAMESPACE=other", "POD_NAME=ecr-token-refresh-6d5f7c9b8-x2x5p",
	}, lookPath(t, "ecr-token-refresh"), "--listen=127.0.0.1:0", "--kubeconfig="+plane.kubeconfig(t, dir),
		"--config="+configFile)
	t.Cleanup(p.stop)
	var line struct{ Address string }
	if err := json.Unmarshal([]byte(log.await(t, 0, `"msg":"listening"`)), &line); err != nil {
		t.Fatal(err)
	}
	return "http://" + line.Address + "/status"
}

// chromium runs Chromium without a window, and returns its output.
func chromium(t *testing.T, args ...string) string {
	t.Helper()
	home := runDir(t)
	cmd := exec.CommandContext(t.Context(), lookPath(t, "chromium"), append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--user-data-dir=" + home,
	}, args...)...)
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + home}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, stderr.String())
	}
	return string(out)
}

// awaitDOM loads a page until its elements contain all words, and returns them as HTML.
func awaitDOM(t *testing.T, url string, words ...string) (dom string) {
	t.Helper()
	for range 20 {
		if dom = chromium(t, "--dump-dom", url); containsAll(dom, words) {
			return dom
		}
	}
	t.Fatalf("the page does not contain all of %q:\n%s", words, dom)
	return ""
}

// photograph returns a picture of a page, without the empty space at its end.
func photograph(t *testing.T, url string, width, height int, dark bool) image.Image {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.png")
	args := []string{fmt.Sprintf("--window-size=%d,%d", width, height), "--screenshot=" + file, url}
	if dark {
		args = append([]string{"--force-dark-mode"}, args...)
	}
	chromium(t, args...)
	picture := crop(decodePicture(t, file))
	if picture.Bounds().Dx() != width || picture.Bounds().Dy() > height-margin {
		t.Errorf("the picture has %v, want the width %d and all of the page", picture.Bounds().Size(), width)
	}
	return picture
}
