package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// helperImage is the name of the helper's image in containerd.
const helperImage = "registry.example.com/ecr-login:0.1.0"

// initContainer runs a pod whose init container copies the helper from its image to a volume, and whose other container
// runs the copy. The namespace could enforce the Pod Security Standard restricted.
func initContainer(t *testing.T, c *cluster) {
	dir := t.TempDir()
	programs := makeDir(t, dir, "linux-"+runtime.GOARCH)
	if err := os.Symlink(lookPath(t, "docker-credential-ecr-login"), filepath.Join(programs, "docker-credential-ecr-login")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "image.tar")
	write := exec.CommandContext(t.Context(), "go", "run", "./internal/release/image", "-kind=ecr-login", "-name="+helperImage,
		"-arch="+runtime.GOARCH, "-programs="+dir, file)
	write.Dir, write.Env = "../..", append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
	if out, err := write.CombinedOutput(); err != nil {
		t.Fatalf("writing the image: %v\n%s", err, out)
	}
	if err := c.node.ctr("images", "import", file); err != nil {
		t.Fatal(err)
	}

	ns := c.newNamespace(t)
	pod := podWith("default", "app", pauseImage)
	yes, no := true, false
	volume := []corev1.VolumeMount{{Name: "bin", MountPath: "/target"}}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	pod.Spec.Volumes = []corev1.Volume{{Name: "bin", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	pod.Spec.InitContainers = []corev1.Container{{
		Name: "install", Image: helperImage, ImagePullPolicy: corev1.PullNever, VolumeMounts: volume,
		Command: []string{"docker-credential-ecr-login", "install", "/target"},
		SecurityContext: &corev1.SecurityContext{
			ReadOnlyRootFilesystem: &yes, AllowPrivilegeEscalation: &no, RunAsNonRoot: &yes,
			Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}}
	app := &pod.Spec.Containers[0]
	app.ImagePullPolicy, app.VolumeMounts = corev1.PullNever, volume
	app.Command = []string{"/target/ecr-credential-provider", "--version"}
	if _, err := ns.pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, c.node.log, ns.pods, named("app"), func(p *corev1.Pod) bool {
		if p.Status.Phase == corev1.PodFailed {
			t.Fatalf("the pod failed: %+v", p.Status)
		}
		return p.Status.Phase == corev1.PodSucceeded
	})
	for container, want := range map[string]string{
		"install": "/target/ecr-credential-provider: a link to docker-credential-ecr-login",
		"app":     "docker-credential-ecr-login ",
	} {
		logs, err := filepath.Glob(filepath.Join(c.node.dir, "logs", ns.name+"_app_*", container, "0.log"))
		if err != nil || len(logs) != 1 {
			t.Fatalf("logs of %s: %q, %v", container, logs, err)
		}
		if log := readFile(t, logs[0]); !strings.Contains(log, want) {
			t.Errorf("%s printed %q, want %q", container, log, want)
		}
	}
}
