package kubernetes

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// policyValues are values of the chart with two rules that overlap.
const policyValues = `
image: {repository: registry.example.com/ecr-token-refresh}
identity: {type: node}
admissionPolicy: {enabled: true}
config:
  interval: 30m
  kubernetes:
    secrets:
    - name: regcred
      namespaces: ["team-*", "?-app"]
      exclude: [team-x]
      registries: [123456789012.dkr.ecr.us-west-2.amazonaws.com]
    - name: other.pull-secret
      selector: pull in (yes, always),!off
      registries: [210987654321.dkr.ecr.eu-central-1.amazonaws.com]
    - name: repo-creds
      namespaces: ["*"]
      preset: argocd-repo-creds
      registries: [123456789012.dkr.ecr.us-west-2.amazonaws.com]
`

// TestAdmissionPolicy creates pods with the admission policy of the chart.
func TestAdmissionPolicy(t *testing.T) {
	plane := startControlPlane(t, runDir(t))
	a := newApplier(t, plane)
	// Errors of a policy are visible with another failurePolicy only.
	a.applyChart(t, policyValues, strings.NewReplacer("failurePolicy: Ignore", "failurePolicy: Fail"))
	for namespace, labels := range map[string]map[string]string{
		"team-a": nil, "team-b": {"pull": "yes"}, "team-x": nil, "a-app": nil, "ab-app": nil, "my-team-a": nil,
		"labeled": {"pull": "always"}, "off": {"pull": "yes", "off": ""}, "default": nil,
	} {
		a.createNamespace(t, namespace)
		patchLabels(t, plane.client, namespace, labels)
		createAccount(t, plane.client, namespace, "default")
		createAccount(t, plane.client, namespace, "with-another", "from-account")
		createAccount(t, plane.client, namespace, "with-secret", "regcred")
	}
	awaitPolicy(t, plane.client)

	for name, test := range map[string]struct {
		namespace, account string
		pod, want          []string
	}{
		"none":                          {"team-a", "default", nil, []string{"regcred"}},
		"empty list":                    {"team-a", "default", []string{}, []string{"regcred"}},
		"others":                        {"team-a", "default", []string{"mine", "yours"}, []string{"mine", "yours", "regcred"}},
		"the same":                      {"team-a", "default", []string{"regcred"}, []string{"regcred"}},
		"the same among others":         {"team-a", "default", []string{"regcred", "mine"}, []string{"regcred", "mine"}},
		"without a name":                {"team-a", "default", []string{"", "mine"}, []string{"", "mine", "regcred"}},
		"of the service account":        {"team-a", "with-another", nil, []string{"from-account", "regcred"}},
		"the same of the account":       {"team-a", "with-secret", nil, []string{"regcred"}},
		"pod instead of the account":    {"team-a", "with-another", []string{"mine"}, []string{"mine", "regcred"}},
		"two policies":                  {"team-b", "default", nil, []string{"other.pull-secret", "regcred"}},
		"two policies and others":       {"team-b", "with-another", nil, []string{"from-account", "other.pull-secret", "regcred"}},
		"pattern with ?":                {"a-app", "default", nil, []string{"regcred"}},
		"selector":                      {"labeled", "default", nil, []string{"other.pull-secret"}},
		"namespace does not match":      {"default", "default", nil, nil},
		"namespace with others":         {"default", "with-another", nil, []string{"from-account"}},
		"two characters instead of ?":   {"ab-app", "default", nil, nil},
		"pattern matches only a part":   {"my-team-a", "default", []string{"mine"}, []string{"mine"}},
		"excluded namespace":            {"team-x", "default", []string{"mine"}, []string{"mine"}},
		"selector does not match":       {"off", "default", nil, nil},
		"another preset in all of them": {"off", "with-secret", nil, []string{"regcred"}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := pausePod(test.account)
			for _, s := range test.pod {
				pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: s})
			}
			created, err := plane.client.CoreV1().Pods(test.namespace).Create(t.Context(), pod, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := secretsOf(created)
			if strings.HasPrefix(name, "two policies") {
				slices.Sort(got) // policies have no order
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("imagePullSecrets: %q, want %q", got, test.want)
			}
		})
	}
	t.Run("mirror pod", func(t *testing.T) { testMirrorPod(t, plane) })
}

// testMirrorPod creates the mirror pod of a static pod as a kubelet does. The API server rejects one with references to
// Secrets.
func testMirrorPod(t *testing.T, plane controlPlane) {
	node, err := plane.client.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kubelet, err := kubernetes.NewForConfig(plane.config(plane.nodeToken))
	if err != nil {
		t.Fatal(err)
	}
	mirror := pausePod("")
	yes := true
	mirror.GenerateName, mirror.Name, mirror.Spec.NodeName = "", "static-"+nodeName, nodeName
	mirror.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash", "kubernetes.io/config.hash": "hash"}
	mirror.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: nodeName, UID: node.UID, Controller: &yes}}
	created, err := kubelet.CoreV1().Pods("team-a").Create(t.Context(), mirror, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := secretsOf(created); len(got) != 0 {
		t.Errorf("imagePullSecrets: %q, want none", got)
	}
}

// awaitPolicy creates pods in dry runs until the policies are in effect.
func awaitPolicy(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	deadline := time.After(conditionTimeout)
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		pod, err := client.CoreV1().Pods("team-b").Create(t.Context(), pausePod("default"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			t.Fatal(err)
		}
		if len(secretsOf(pod)) == 2 {
			return
		}
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("the policies have no effect: imagePullSecrets are %q", secretsOf(pod))
		}
	}
}

// pausePod returns a pod that was not created yet.
func pausePod(account string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "pod-"},
		Spec:       corev1.PodSpec{ServiceAccountName: account, Containers: []corev1.Container{{Name: "pause", Image: "pause"}}},
	}
}

func secretsOf(pod *corev1.Pod) (names []string) {
	for _, s := range pod.Spec.ImagePullSecrets {
		names = append(names, s.Name)
	}
	return names
}

// createAccount creates a service account with imagePullSecrets.
func createAccount(t *testing.T, client kubernetes.Interface, namespace, name string, secrets ...string) {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, s := range secrets {
		account.ImagePullSecrets = append(account.ImagePullSecrets, corev1.LocalObjectReference{Name: s})
	}
	if _, err := client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func patchLabels(t *testing.T, client kubernetes.Interface, namespace string, labels map[string]string) {
	t.Helper()
	ns, err := client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range labels {
		metav1.SetMetaDataLabel(&ns.ObjectMeta, key, value)
	}
	if _, err := client.CoreV1().Namespaces().Update(t.Context(), ns, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// applyChart renders the Helm chart and applies its objects, after edit.
func (a applier) applyChart(t *testing.T, values string, edit *strings.Replacer) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), lookPath(t, "helm"), "template", "ecr-token-refresh", "../../deploy/helm/ecr-token-refresh",
		"--namespace", "ecr-token-refresh", "--values", writeFile(t, filepath.Join(dir, "values.yaml"), values))
	cmd.Env = []string{"HOME=" + dir}
	rendered, err := cmd.Output()
	if err != nil {
		t.Fatalf("helm template: %v", err)
	}
	a.applyFile(t, writeFile(t, filepath.Join(dir, "rendered.yaml"), string(rendered)), edit)
}
