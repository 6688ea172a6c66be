package kubernetes

import (
	"cmp"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"ecrlogin/internal/awstest"
)

// The images of the sidecar's pod. The first is that of the manifest.
const (
	refreshImage     = "registry.example.com/ecr-token-refresh:0.1.0"
	clouddriverImage = "clouddriver.example.com/clouddriver:1"
)

// sidecar runs the pods of the manifests for Clouddriver, with a Clouddriver that exits after it has read the password
// file and requested the registry.
func sidecar(t *testing.T, c *cluster) {
	c.node.importImage(t, "ecr-token-refresh", refreshImage)
	c.node.importImage(t, "reader", clouddriverImage)
	withoutMode := strings.NewReplacer(`mode: "0600"`, "") // the rest of the line is a comment
	t.Run("native", func(t *testing.T) { nativeSidecar(t, c, 10111, unedited) })
	t.Run("nativeOtherUser", func(t *testing.T) { nativeSidecar(t, c, 10112, withoutMode) })
	t.Run("plain", func(t *testing.T) {
		ns := c.newNamespace(t)
		ns.startClouddriver(t, "sidecar.yaml", 10111, unedited)
		ns.awaitExit(t)
		faults := c.node.readerFaults(t, ns.name)
		for fault := range faults {
			if !strings.HasSuffix(fault, "no such file or directory") { // it is not written when Clouddriver starts
				t.Errorf("faults: %v", faults)
			}
		}
	})
}

// nativeSidecar runs the native sidecar. While AWS denies tokens, Clouddriver is not started.
func nativeSidecar(t *testing.T, c *cluster, user int64, edit *strings.Replacer) {
	ns := c.newNamespace(t)
	c.aws.ResetCalls()
	c.aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Type: "AccessDeniedException"})
	defer c.aws.ClearFaults()
	ns.startClouddriver(t, "native-sidecar.yaml", user, edit)
	ns.mustWaitForPassword(t)
	c.aws.ClearFaults()
	allowed := time.Now()
	started := ns.awaitExit(t).StartedAt
	t.Logf("Clouddriver started %v after AWS allowed tokens", started.Sub(allowed).Round(time.Second))
	if faults := c.node.readerFaults(t, ns.name); len(faults) > 0 {
		t.Errorf("faults: %v", faults)
	}
	// A container that ignores SIGTERM is killed after 30 seconds.
	if took := ns.deleteClouddriver(t); took > 15*time.Second {
		t.Errorf("the pod ended %v after its deletion", took)
	} else {
		t.Logf("the pod ended %v after its deletion", took.Round(100*time.Millisecond))
	}
}

// clouddriverPod is the name of the pod and of the main container.
const clouddriverPod = "clouddriver"

// startClouddriver applies a manifest for Clouddriver, and creates a pod of its Deployment.
func (ns namespace) startClouddriver(t *testing.T, manifest string, user int64, edit *strings.Replacer) {
	t.Helper()
	content := edit.Replace(readFile(t, filepath.Join(manifests, "spinnaker", manifest)))
	content = strings.ReplaceAll(content, "namespace: spinnaker", "namespace: "+ns.name)
	template := applySidecar(t, ns.client, ns.name, writeFile(t, filepath.Join(t.TempDir(), manifest), content), user)
	ns.adapt(&template.Spec)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: clouddriverPod}, Spec: template.Spec}
	if _, err := ns.pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// deleteClouddriver deletes the pod and waits until it has ended.
func (ns namespace) deleteClouddriver(t *testing.T) (took time.Duration) {
	t.Helper()
	began := time.Now()
	if err := ns.pods.Delete(t.Context(), clouddriverPod, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for time.Since(began) < conditionTimeout {
		_, err := ns.pods.Get(t.Context(), clouddriverPod, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return time.Since(began)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the pod still exists")
	return 0
}

// applySidecar applies the manifest to the Deployment of a Clouddriver that reads the password file, and returns the
// template of its pods.
func applySidecar(t *testing.T, all kubernetes.Interface, namespace, file string, user int64) corev1.PodTemplateSpec {
	t.Helper()
	const passwordFile = "/opt/passwords/my-registry.pass"
	labels := map[string]string{"app": "spin"}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "spin-clouddriver"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "clouddriver", Image: clouddriverImage, Args: []string{passwordFile, firstHost, "10000", "1"},
					SecurityContext: &corev1.SecurityContext{RunAsUser: &user},
				}}},
			},
		},
	}
	deployments, configMaps := all.AppsV1().Deployments(namespace), all.CoreV1().ConfigMaps(namespace)
	if _, err := deployments.Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, o := range readManifest(t, file, unedited) {
		body, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		options := metav1.PatchOptions{FieldManager: "kubectl", FieldValidation: metav1.FieldValidationStrict}
		if o.GetKind() == "ConfigMap" {
			_, err = configMaps.Patch(t.Context(), o.GetName(), types.ApplyPatchType, body, options)
		} else {
			deployment, err = deployments.Patch(t.Context(), o.GetName(), types.ApplyPatchType, body, options)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return deployment.Spec.Template
}

// adapt changes a pod for the cluster of the tests, which has no scheduler and no network for pods, and for the
// stand-in for AWS, which is a proxy with its own certificate authority.
func (c *cluster) adapt(spec *corev1.PodSpec) {
	spec.NodeName, spec.HostNetwork, spec.DNSPolicy = nodeName, true, corev1.DNSDefault
	spec.AutomountServiceAccountToken = new(bool)
	const authority = "/authority.pem"
	spec.Volumes = append(spec.Volumes, corev1.Volume{
		Name: "authority", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: c.aws.CAFile}},
	})
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			c.adaptContainer(&containers[i], authority)
		}
	}
}

func (c *cluster) adaptContainer(container *corev1.Container, authority string) {
	for name, value := range map[string]string{
		"HTTPS_PROXY": c.aws.Proxy, "SSL_CERT_FILE": authority,
		"AWS_ACCESS_KEY_ID": awstest.KeyID, "AWS_SECRET_ACCESS_KEY": awstest.SecretKey,
	} {
		container.Env = append(container.Env, corev1.EnvVar{Name: name, Value: value})
	}
	container.VolumeMounts = append(container.VolumeMounts,
		corev1.VolumeMount{Name: "authority", MountPath: authority, ReadOnly: true})
}

// mustWaitForPassword waits until the sidecar has requested some tokens, and fails the test if Clouddriver was started.
func (ns namespace) mustWaitForPassword(t *testing.T) {
	t.Helper()
	started := func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].State.Waiting == nil
	}
	await(t, ns.node.log, ns.pods, named(clouddriverPod), func(p *corev1.Pod) bool {
		s := p.Status.InitContainerStatuses
		if started(p) {
			t.Fatal("Clouddriver was started without a password file")
		}
		return len(s) == 1 && s[0].State.Running != nil
	})
	const requests = 3
	for deadline := time.Now().Add(conditionTimeout); ; time.Sleep(50 * time.Millisecond) {
		n := ns.aws.Count(awstest.GetAuthorizationToken)
		if n >= requests {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("AWS received %d token requests, want %d", n, requests)
		}
	}
	p, err := ns.pods.Get(t.Context(), clouddriverPod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if started(p) {
		t.Fatal("Clouddriver was started without a password file")
	}
}

// awaitExit waits for the first exit of Clouddriver, and fails the test if that failed. The kubelet starts it again.
func (ns namespace) awaitExit(t *testing.T) (exit *corev1.ContainerStateTerminated) {
	t.Helper()
	await(t, ns.node.log, ns.pods, named(clouddriverPod), func(p *corev1.Pod) bool {
		for _, s := range p.Status.ContainerStatuses {
			if s.Name == clouddriverPod && exit == nil {
				exit = cmp.Or(s.LastTerminationState.Terminated, s.State.Terminated)
			}
		}
		return exit != nil
	})
	if exit.ExitCode != 0 {
		t.Fatalf("Clouddriver failed: %+v", exit)
	}
	return exit
}

// readerFaults returns the faults that the first run of the reader in a pod has found, and fails the test if the
// registry has rejected a password.
func (n *node) readerFaults(t *testing.T, namespace string) (faults map[string]int) {
	t.Helper()
	pattern := filepath.Join(n.dir, "logs", namespace+"_"+clouddriverPod+"_*", clouddriverPod, "0.log")
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) != 1 {
		t.Fatalf("logs of Clouddriver: %q, %v", files, err)
	}
	var report struct {
		Opens, Requests  int
		Faults, Rejected map[string]int
	}
	_, line, _ := strings.Cut(readFile(t, files[0]), " stdout F ")
	if err := json.Unmarshal([]byte(line), &report); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if report.Opens == 0 || report.Requests == 0 || len(report.Rejected) > 0 {
		t.Errorf("the reader reports %+v", report)
	}
	t.Logf("Clouddriver read the password file %d times, faults: %v; the registry accepted %d requests",
		report.Opens, report.Faults, report.Requests)
	return report.Faults
}
