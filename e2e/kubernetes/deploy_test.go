package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// unedited leaves a manifest as it is.
var unedited = strings.NewReplacer()

// TestManifests applies all plain manifests to an API server that rejects unknown fields. The pods conform to the
// restricted Pod Security Standard.
func TestManifests(t *testing.T) {
	plane := startControlPlane(t, runDir(t))
	a := newApplier(t, plane)
	a.addPrometheusOperator(t)
	files, err := filepath.Glob(manifests + "/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("manifests: %q, %v; want at least 6 files", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			objects := a.applyFile(t, file, unedited)
			pod, namespace := podOf(t, objects)
			create := func() error {
				_, err := plane.client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
				return err
			}
			if err := create(); err != nil {
				t.Errorf("creating the pod: %v", err)
			}
			pod.Spec.Containers[0].SecurityContext.Capabilities = nil
			if err := create(); !apierrors.IsForbidden(err) {
				t.Errorf("creating the pod with capabilities: %v, want a violation of PodSecurity", err)
			}
		})
	}
	t.Run("spinnaker", func(t *testing.T) { testSpinnaker(t, plane, a) })
}

// testSpinnaker applies the examples for Clouddriver to a Deployment with the names of Spinnaker's.
func testSpinnaker(t *testing.T, plane controlPlane, a applier) {
	const clouddriver = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: spin-clouddriver, namespace: spinnaker}
spec:
  selector: {matchLabels: {app: spin, cluster: spin-clouddriver}}
  template:
    metadata: {labels: {app: spin, cluster: spin-clouddriver}}
    spec:
      containers:
      - name: clouddriver
        image: clouddriver.example.com/clouddriver:1
        volumeMounts: [{name: config, mountPath: /opt/spinnaker/config}]
      volumes: [{name: config, secret: {secretName: spin-clouddriver-files}}]
`
	deployments := plane.client.AppsV1().Deployments("spinnaker")
	for name, want := range map[string]string{
		"native-sidecar.yaml":   "init ecr-token-refresh Always; clouddriver [/opt/spinnaker/config /opt/passwords]; config ecr-token-refresh ecr-passwords",
		"sidecar.yaml":          "clouddriver [/opt/spinnaker/config /opt/passwords]; ecr-token-refresh [/opt/config/ecr-token-refresh /opt/passwords]; config ecr-token-refresh ecr-passwords",
		"password-command.yaml": "clouddriver [/opt/spinnaker/config /opt/ecr-login]; config ecr-login",
	} {
		t.Run(name, func(t *testing.T) {
			existing := writeFile(t, filepath.Join(t.TempDir(), "clouddriver.yaml"), clouddriver)
			// Another field manager than that of the example, as Spinnaker's installers are.
			deployment := readManifest(t, existing, unedited)[0]
			a.createNamespace(t, "spinnaker")
			gvr := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
			if _, err := a.client.Resource(gvr).Namespace("spinnaker").Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			a.applyFile(t, filepath.Join(manifests, "spinnaker", name), unedited)
			d, err := deployments.Get(t.Context(), "spin-clouddriver", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(d.Spec.Template.Spec); got != want {
				t.Errorf("pod: %s\nwant: %s", got, want)
			}
			now := int64(0)
			if err := deployments.Delete(t.Context(), d.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// summary describes the containers and volumes of a pod.
func summary(spec corev1.PodSpec) string {
	var parts []string
	for _, c := range spec.InitContainers {
		policy := "no restartPolicy"
		if c.RestartPolicy != nil {
			policy = string(*c.RestartPolicy)
		}
		parts = append(parts, "init "+c.Name+" "+policy)
	}
	for _, c := range spec.Containers {
		var mounts []string
		for _, m := range c.VolumeMounts {
			mounts = append(mounts, m.MountPath)
		}
		parts = append(parts, fmt.Sprint(c.Name, " ", mounts))
	}
	var volumes []string
	for _, v := range spec.Volumes {
		volumes = append(volumes, v.Name)
	}
	return strings.Join(append(parts, strings.Join(volumes, " ")), "; ")
}

// addPrometheusOperator installs the CustomResourceDefinitions of the Prometheus Operator and waits until they are
// served.
func (a applier) addPrometheusOperator(t *testing.T) {
	t.Helper()
	dir := lookPathDir(t, prometheusOperator)
	for _, plural := range []string{"servicemonitors", "prometheusrules"} {
		a.applyFile(t, filepath.Join(dir, "example/prometheus-operator-crd/monitoring.coreos.com_"+plural+".yaml"), unedited)
		gvr := schema.GroupVersionResource{Group: "monitoring.coreos.com", Version: "v1", Resource: plural}
		deadline := time.After(conditionTimeout)
		poll := time.NewTicker(50 * time.Millisecond)
		defer poll.Stop()
		for served := false; !served; {
			_, err := a.client.Resource(gvr).List(t.Context(), metav1.ListOptions{})
			if served = err == nil; served {
				break
			}
			select {
			case <-poll.C:
			case <-deadline:
				t.Fatalf("%s are not served: %v", plural, err)
			}
		}
	}
	a.mapper.Reset()
}

// podOf returns the pod of the Deployment or CronJob in a manifest, and its namespace.
func podOf(t *testing.T, objects []*unstructured.Unstructured) (pod *corev1.Pod, namespace string) {
	t.Helper()
	for _, o := range objects {
		path := map[string][]string{
			"Deployment": {"spec", "template"},
			"CronJob":    {"spec", "jobTemplate", "spec", "template"},
		}[o.GetKind()]
		if path == nil {
			continue
		}
		template, found, err := unstructured.NestedMap(o.Object, path...)
		if err != nil || !found {
			t.Fatalf("%s %s has no pod template: %v", o.GetKind(), o.GetName(), err)
		}
		pod = new(corev1.Pod)
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(template, pod, true); err != nil {
			t.Fatal(err)
		}
		pod.Name = "pod"
		return pod, o.GetNamespace()
	}
	t.Fatal("the manifest has no Deployment and no CronJob")
	return nil, ""
}

// runDir returns a directory with a short name, as sockets require.
func runDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "cluster-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// lookPathDir returns a directory that build has linked beside the programs.
func lookPathDir(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(filepath.Dir(lookPath(t, "etcd")), name)
}
