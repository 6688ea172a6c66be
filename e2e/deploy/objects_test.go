package deploy

import (
	"errors"
	"io"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// objects are rendered objects.
type objects []*unstructured.Unstructured

// objectsOf renders the chart.
func objectsOf(t *testing.T, values string) objects {
	t.Helper()
	out, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, out)
}

// parse returns the objects of a manifest.
func parse(t *testing.T, manifest string) (all objects) {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096)
	for {
		o := new(unstructured.Unstructured)
		err := decoder.Decode(&o.Object)
		switch {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		case o.Object != nil:
			all = append(all, o)
		}
	}
}

// of returns the objects of a kind.
func (all objects) of(kind string) (some objects) {
	for _, o := range all {
		if o.GetKind() == kind {
			some = append(some, o)
		}
	}
	return some
}

// get converts the only object of a kind.
func (all objects) get(t *testing.T, kind string, into any) {
	t.Helper()
	some := all.of(kind)
	if len(some) != 1 {
		t.Fatalf("%d objects of kind %s, want 1", len(some), kind)
	}
	convert(t, some[0], into)
}

// convert converts an object. It fails if the type lacks a field.
func convert(t *testing.T, o *unstructured.Unstructured, into any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, into, true); err != nil {
		t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
	}
}

// pod returns the pod template.
func (all objects) pod(t *testing.T) corev1.PodTemplateSpec {
	t.Helper()
	if len(all.of("CronJob")) > 0 {
		var job batchv1.CronJob
		all.get(t, "CronJob", &job)
		return job.Spec.JobTemplate.Spec.Template
	}
	var deployment appsv1.Deployment
	all.get(t, "Deployment", &deployment)
	return deployment.Spec.Template
}
