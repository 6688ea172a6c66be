package kubernetes

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
)

// A namespace is a Kubernetes namespace for one test. Its pods are deleted at the end of the test.
type namespace struct {
	*cluster
	name string
	pods typed.PodInterface
}

// newNamespace creates a namespace with the default service account.
func (c *cluster) newNamespace(t *testing.T) namespace {
	t.Helper()
	return c.newNamespaceNamed(t, strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())))
}

func (c *cluster) newNamespaceNamed(t *testing.T, name string) namespace {
	t.Helper()
	ns := namespace{cluster: c, name: name}
	ns.pods = c.client.CoreV1().Pods(ns.name)
	_, err := c.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns.name}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ns.serviceAccount(t, "default", nil)
	t.Cleanup(func() {
		err := ns.pods.DeleteCollection(context.Background(), metav1.DeleteOptions{GracePeriodSeconds: new(int64)}, metav1.ListOptions{})
		if err != nil {
			t.Error(err)
		}
	})
	return ns
}

// serviceAccount creates a service account, because no controller does.
func (ns namespace) serviceAccount(t *testing.T, name string, annotations map[string]string) {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations}}
	if _, err := ns.client.CoreV1().ServiceAccounts(ns.name).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// pod creates a pod with the default service account, which pulls image and waits.
func (ns namespace) pod(t *testing.T, name, image string) {
	t.Helper()
	ns.podOf(t, "default", name, image)
}

// podOf creates a pod with a service account. It has no image pull secret.
func (ns namespace) podOf(t *testing.T, account, name, image string) {
	t.Helper()
	if _, err := ns.pods.Create(t.Context(), podWith(account, name, image), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func podWith(account, name, image string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			NodeName:                      nodeName, // no scheduler
			DNSPolicy:                     corev1.DNSDefault,
			ServiceAccountName:            account,
			AutomountServiceAccountToken:  new(bool),
			TerminationGracePeriodSeconds: new(int64),
			Containers:                    []corev1.Container{{Name: "app", Image: image, ImagePullPolicy: corev1.PullAlways}},
		},
	}
}

// awaitRunning waits until a pod is running, and returns its container ID.
func (ns namespace) awaitRunning(t *testing.T, name string) (containerID string) {
	t.Helper()
	pod := await(t, ns.node.log, ns.pods, named(name), func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].State.Running != nil
	})
	return pod.Status.ContainerStatuses[0].ContainerID
}

// mustFailToPull waits until the pull of a pod's image fails. For all causes, the pod and its events contain only the
// error of a registry that requires a password.
func (ns namespace) mustFailToPull(t *testing.T, name string) {
	t.Helper()
	ns.mustFailWith(t, name, ": 401 Unauthorized", ": no basic auth credentials") // containerd 1.6, 2.4
}

// mustFailWith waits until the pull of a pod's image fails with an error that ends with one of the messages.
func (ns namespace) mustFailWith(t *testing.T, name string, messages ...string) {
	t.Helper()
	fails := func(text string) bool {
		return slices.ContainsFunc(messages, func(m string) bool { return strings.HasSuffix(text, m) })
	}
	await(t, ns.node.log, ns.pods, named(name), func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].State.Waiting != nil && fails(s[0].State.Waiting.Message)
	})
	events := ns.client.CoreV1().Events(ns.name)
	await(t, ns.node.log, events, fields.Set{"involvedObject.name": name, "reason": "Failed"}, func(e *corev1.Event) bool {
		return strings.HasPrefix(e.Message, "Failed to pull image") && fails(e.Message)
	})
}
