package kubernetes

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
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

// sidecar runs the pod of the native sidecar's manifest, with a Clouddriver that exits after it has read the password
// file and requested the registry. While AWS denies tokens, Clouddriver is not started.
func sidecar(t *testing.T, c *cluster) {
	c.node.importImage(t, "ecr-token-refresh", refreshImage)
	c.node.importImage(t, "reader", clouddriverImage)
	for _, tt := range []struct {
		name string
		user int64 // of Clouddriver
		edit *strings.Replacer
	}{
		{"sameUser", 10111, unedited},
		{"otherUser", 10112, strings.NewReplacer(`mode: "0600"`, "")}, // the rest of the line is a comment
	} {
		t.Run(tt.name, func(t *testing.T) {
			ns := c.newNamespace(t)
			edit := strings.NewReplacer("namespace: spinnaker", "namespace: "+ns.name)
			content := tt.edit.Replace(readFile(t, filepath.Join(manifests, "spinnaker/native-sidecar.yaml")))
			file := writeFile(t, filepath.Join(t.TempDir(), "native-sidecar.yaml"), edit.Replace(content))
			template := applySidecar(t, c.client, ns.name, file, tt.user)
			c.adapt(&template.Spec)
			c.aws.ResetCalls()
			c.aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Type: "AccessDeniedException"})
			defer c.aws.ClearFaults()
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "clouddriver"}, Spec: template.Spec}
			if _, err := ns.pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			ns.mustWaitForPassword(t, pod.Name)
			c.aws.ClearFaults()
			allowed := time.Now()
			ended := ns.awaitExit(t, pod.Name)
			if ended.ExitCode != 0 {
				t.Fatalf("Clouddriver failed: %+v", ended)
			}
			t.Logf("Clouddriver started %v after AWS allowed tokens", ended.StartedAt.Sub(allowed).Round(time.Second))
			c.node.mustHaveRead(t, ns.name, pod.Name)
		})
	}
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
	spec.AutomountServiceAccountToken, spec.TerminationGracePeriodSeconds = new(bool), new(int64)
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

// mustWaitForPassword waits until the sidecar has requested some tokens, and fails the test if the main container was
// started.
func (ns namespace) mustWaitForPassword(t *testing.T, pod string) {
	t.Helper()
	started := func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].State.Waiting == nil
	}
	await(t, ns.node.log, ns.pods, named(pod), func(p *corev1.Pod) bool {
		s := p.Status.InitContainerStatuses
		if started(p) {
			t.Fatal("the main container was started without a password file")
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
	p, err := ns.pods.Get(t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if started(p) {
		t.Fatal("the main container was started without a password file")
	}
}

// awaitExit waits for the first exit of the main container. The kubelet starts it again.
func (ns namespace) awaitExit(t *testing.T, pod string) (exit *corev1.ContainerStateTerminated) {
	t.Helper()
	await(t, ns.node.log, ns.pods, named(pod), func(p *corev1.Pod) bool {
		for _, s := range p.Status.ContainerStatuses {
			for _, state := range []corev1.ContainerState{s.LastTerminationState, s.State} {
				if exit == nil {
					exit = state.Terminated
				}
			}
		}
		return exit != nil
	})
	return exit
}

// mustHaveRead fails the test unless the first run of the reader in a pod has found the password file at once, and the
// registry has accepted the password.
func (n *node) mustHaveRead(t *testing.T, namespace, pod string) {
	t.Helper()
	pattern := filepath.Join(n.dir, "logs", namespace+"_"+pod+"_*", "clouddriver", "0.log")
	files, err := filepath.Glob(pattern)
	if err == nil && len(files) != 1 {
		err = errors.New("no log of Clouddriver")
	}
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Opens, Requests  int
		Faults, Rejected map[string]int
	}
	_, line, _ := strings.Cut(string(log), " stdout F ")
	if err := json.Unmarshal([]byte(line), &report); err != nil {
		t.Fatalf("%v: %s", err, log)
	}
	if report.Opens == 0 || report.Requests == 0 || len(report.Faults) > 0 || len(report.Rejected) > 0 {
		t.Errorf("the reader reports %+v, want no faults", report)
	}
	t.Logf("Clouddriver read the password file %d times and requested the registry %d times: no fault",
		report.Opens, report.Requests)
}
