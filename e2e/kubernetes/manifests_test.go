package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

// manifests is the directory with the plain manifests.
const manifests = "../../deploy/kubernetes"

// An applier applies manifests as "kubectl apply --server-side" does, and rejects unknown fields.
type applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func newApplier(t *testing.T, p controlPlane) applier {
	t.Helper()
	client, err := dynamic.NewForConfig(p.config(p.adminToken))
	if err != nil {
		t.Fatal(err)
	}
	d, err := discovery.NewDiscoveryClientForConfig(p.config(p.adminToken))
	if err != nil {
		t.Fatal(err)
	}
	return applier{client, restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(d))}
}

// applyFile applies the objects in a file, after edit, and returns them.
func (a applier) applyFile(t *testing.T, path string, edit *strings.Replacer) []*unstructured.Unstructured {
	t.Helper()
	objects := readManifest(t, path, edit)
	for _, o := range objects {
		if err := a.apply(t, o); err != nil {
			t.Errorf("%s: applying %s %s: %v", filepath.Base(path), o.GetKind(), o.GetName(), err)
		}
	}
	return objects
}

// apply applies an object, after it has created its namespace.
func (a applier) apply(t *testing.T, o *unstructured.Unstructured) error {
	t.Helper()
	mapping, err := a.mapper.RESTMapping(o.GroupVersionKind().GroupKind(), o.GroupVersionKind().Version)
	if err != nil {
		return err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	resource := dynamic.ResourceInterface(a.client.Resource(mapping.Resource))
	if name := o.GetNamespace(); name != "" {
		a.createNamespace(t, name)
		resource = a.client.Resource(mapping.Resource).Namespace(name)
	}
	force := true
	_, err = resource.Patch(t.Context(), o.GetName(), types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: "kubectl", Force: &force, FieldValidation: metav1.FieldValidationStrict})
	return err
}

// createNamespace creates a namespace if it does not exist.
func (a applier) createNamespace(t *testing.T, name string) {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	}}
	mapping, err := a.mapper.RESTMapping(o.GroupVersionKind().GroupKind(), "v1")
	if err == nil {
		_, err = a.client.Resource(mapping.Resource).Create(t.Context(), o, metav1.CreateOptions{})
	}
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// readManifest reads the objects in a file, after edit.
func readManifest(t *testing.T, path string, edit *strings.Replacer) (objects []*unstructured.Unstructured) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(edit.Replace(string(content))), 4096)
	for {
		o := new(unstructured.Unstructured)
		err := decoder.Decode(&o.Object)
		switch {
		case errors.Is(err, io.EOF):
			return objects
		case err != nil:
			t.Fatalf("%s: %v", path, err)
		case o.Object != nil:
			objects = append(objects, o)
		}
	}
}
