package deploy

import (
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// TestSelectors compares the selector of the admission policy with that of the configuration, which has the syntax of
// kubectl.
func TestSelectors(t *testing.T) {
	sets := []labels.Set{
		nil, {"a": "b"}, {"a": "c"}, {"a": ""}, {"x.example/y": "1"}, {"a": "b", "c": "d"}, {"a": "in"}, {"notin": "1"}, {"off": ""}, {"no": "yes"}, {"no": "1"},
	}
	for _, selector := range []string{
		"a", "!a", "a=b", "a==b", "a!=b", "a=", "a!=", "a in (b, c)", "a in (b)", "a notin (b,c)", "a = b", "! a", "a  in(b,c)",
		"a=b,c=d", "a in (b,c),c", "!a,c!=d", "x.example/y=1", "a=in", "notin", "notin in (1)", " a , !c ", "a in (b,c), c notin (d), x.example/y",
		"!off", "off", "no=yes", "no in (yes, 1)", "no!=1",
	} {
		want, err := labels.Parse(selector)
		if err != nil {
			t.Fatal(err)
		}
		file := writeValues(t, base+"      selector: \""+selector+"\"\nadmissionPolicy: {enabled: true}\n")
		var binding admissionv1.MutatingAdmissionPolicyBinding
		objectsOf(t, file).get(t, "MutatingAdmissionPolicyBinding", &binding)
		got, err := metav1.LabelSelectorAsSelector(binding.Spec.MatchResources.NamespaceSelector)
		if err != nil {
			t.Errorf("%s: %v", selector, err)
			continue
		}
		for _, set := range sets {
			if got.Matches(set) != want.Matches(set) {
				t.Errorf("%s: the policy matches labels %v: %t, the configuration %t", selector, set, got.Matches(set), want.Matches(set))
			}
		}
	}
}
