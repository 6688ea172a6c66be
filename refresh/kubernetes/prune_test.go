package kubernetes

import (
	"net/http"
	"strings"
	"testing"
)

// TestRemoveOther checks that the Secret of another installation is not deleted. A plan without a name is one for any
// installation.
func TestRemoveOther(t *testing.T) {
	now := noon
	other := ourSecret
	other.body = strings.Replace(other.body, `"uid"`, `"annotations":{"ecr-login/installation":"ops/other"},"uid"`, 1)
	for own, planned := range map[string]string{"": "delete", "ops/other": "delete", "ops/own": ""} {
		w, _, _ := scripted(t, &now, other, other)
		w.rule.Form.Annotations = map[string]string{AnnotationInstallation: own}
		if change, err := w.planRemove(t.Context(), "team-a"); change.Action != planned || err != nil {
			t.Errorf("%q plans %+v, %v", own, change, err)
		}
		if own != "ops/other" {
			if err := w.remove(t.Context(), "team-a", func() bool { return true }); err != nil {
				t.Errorf("%q: %v", own, err)
			}
		}
	}
}

// TestRemove checks the preconditions of a deletion, and what is not deleted.
func TestRemove(t *testing.T) {
	deleted := answer{code: http.StatusOK, body: `{"kind":"Status","apiVersion":"v1","status":"Success"}`}
	const foreign = `Secret team-a/regcred: not deleted, because "other" has changed its data; ` +
		"delete it if it is not needed: kubectl delete secret regcred --namespace team-a"
	edited := ourSecret
	edited.body = strings.Replace(edited.body, `"managedFields":[`, `"managedFields":[{"manager":"other","operation":"Update","fieldsV1":{"f:data":{"f:a":{}}}},`, 1)
	adopted := ourSecret
	adopted.body = strings.Replace(adopted.body, `"managedFields":[`, `"managedFields":[{"manager":"other","operation":"Update","fieldsV1":{"f:data":{".":{}}}},`, 1)
	conflict := status(http.StatusConflict, "Conflict", "the UID in the precondition is another one", "{}")
	for _, tt := range []struct {
		name    string
		answers []answer
		want    string
	}{
		{"absent", []answer{absent}, ""},
		{"ours", []answer{ourSecret, deleted}, ""},
		{"adopted", []answer{adopted, deleted}, ""},
		{"foreign", []answer{found("u2", "other", "Update")}, ""},
		{"applied by others", []answer{found("u2", "other", "Apply")}, ""},
		{"edited", []answer{edited}, foreign},
		{"edited meanwhile", []answer{ourSecret, conflict, edited}, foreign},
		{"deleted meanwhile", []answer{ourSecret, absent}, ""},
		{"replaced meanwhile", []answer{ourSecret, conflict, found("u2", "other", "Update")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := noon
			w, _, s := scripted(t, &now, tt.answers...)
			err := w.remove(t.Context(), "team-a", func() bool { return true })
			if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if len(s.answers) > 0 {
				t.Errorf("%d requests too few", len(s.answers))
			}
			planned, _, p := scripted(t, &now, tt.answers[0])
			change, err := planned.planRemove(t.Context(), "team-a")
			if deletes := len(tt.answers) > 1; (change.Action == "delete") != deletes || err != nil && err.Error() != tt.want ||
				!strings.Contains(p.requests[0], "dryRun=All") {
				t.Errorf("planned %+v, %v", change, err)
			}
			for i, r := range s.requests {
				if strings.HasPrefix(r, "DELETE") && !strings.Contains(s.bodies[i], `"preconditions":{"uid":"u1","resourceVersion":"7"}`) {
					t.Errorf("deleted with %s", s.bodies[i])
				}
			}
		})
	}
}

// TestRemoveSelected checks that a Secret is not deleted if a rule starts to select the namespace and writes the Secret
// while it is being deleted.
func TestRemoveSelected(t *testing.T) {
	conflict := status(http.StatusConflict, "Conflict", "the resourceVersion in the precondition is another one", "{}")
	for name, answers := range map[string][]answer{
		"before the look-up": {ourSecret},
		"after the look-up":  {ourSecret, conflict, ourSecret},
	} {
		t.Run(name, func(t *testing.T) {
			now := noon
			w, _, s := scripted(t, &now, answers...)
			lookUps := 0
			err := w.remove(t.Context(), "team-a", func() bool {
				lookUps++
				return lookUps < (len(answers)+1)/2
			})
			if err != nil || len(s.answers) > 0 || len(s.requests) != len(answers) {
				t.Errorf("error %v, requests %v, want %d", err, s.requests, len(answers))
			}
		})
	}
}
