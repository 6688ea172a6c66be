package secret_test

import (
	"slices"
	"strings"
	"testing"

	"ecrlogin/refresh/kubernetes/secret"
)

func TestPresets(t *testing.T) {
	want := []string{"argocd-repo-creds", "basic-auth", "docker-config", "dockerconfigjson", "image-updater"}
	if got := secret.Presets(); !slices.Equal(got, want) {
		t.Errorf("Presets() = %q, want %q", got, want)
	}
	for _, name := range want {
		form, ok := secret.Preset(name)
		if err := form.Check(1); !ok || err != nil {
			t.Errorf("preset %s: %v, %v", name, ok, err)
		}
		// A change of one Form does not change the preset.
		form.Data["other"] = "text"
		if again, _ := secret.Preset(name); again.Data["other"] != "" {
			t.Errorf("preset %s: two Forms share their data", name)
		}
	}
	if _, ok := secret.Preset("regcred"); ok {
		t.Error("a preset regcred exists")
	}
}

// TestPresetsForSeveralRegistries checks which presets put all registries in one Secret.
func TestPresetsForSeveralRegistries(t *testing.T) {
	for name, want := range map[string]string{
		"dockerconfigjson":  "",
		"docker-config":     "",
		"basic-auth":        "refers to one registry, but the rule has 2; use ${dockerconfigjson}, or one rule for each registry",
		"argocd-repo-creds": "refers to one registry, but the rule has 2; use ${dockerconfigjson}, or one rule for each registry",
		"image-updater":     "refers to one registry, but the rule has 2; use ${dockerconfigjson}, or one rule for each registry",
	} {
		form, _ := secret.Preset(name)
		err := form.Check(2)
		if (err == nil) != (want == "") || err != nil && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("preset %s: %v, want %q", name, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	type m = map[string]string
	password := m{"password": "${password}"}
	for name, tt := range map[string]struct {
		form secret.Form
		want string
	}{
		"valid": {secret.Form{
			Type: "example.com/own", Labels: m{"example.com/host": "${host}"}, Annotations: m{"until": "${expiry}", "a": "$${password} costs $5"},
			Data: m{"login": "${username}:${password}", "b": "$", "c": "$${", "d": "$$"},
		}, ""},
		"valid without a type":    {secret.Form{Data: password}, ""},
		"valid docker config":     {secret.Form{Type: "kubernetes.io/dockerconfigjson", Data: m{".dockerconfigjson": `{"auths":{"${host}":{"auth":"${auth}"}}}`}}, ""},
		"unknown and similar":     {secret.Form{Data: m{"a": "${pasword}"}}, `data "a": unknown placeholder "${pasword}"; did you mean ${password}?`},
		"unknown":                 {secret.Form{Data: m{"a": "${}"}}, `data "a": unknown placeholder "${}"; use ${host}, ${username}, ${password}, ${auth}, ${expiry}, ${dockerconfigjson}, or write $${ for a literal ${`},
		"unknown of many lines":   {secret.Form{Data: m{"a": "${\n\x1b}"}}, `data "a": unknown placeholder "${}"; use ${host}, ${username}, ${password}, ${auth}, ${expiry}, ${dockerconfigjson}, or write $${ for a literal ${`},
		"unterminated":            {secret.Form{Data: m{"a": "${password"}}, `data "a": unterminated placeholder "${password"; add }, or write $${ for a literal ${`},
		"password in a label":     {secret.Form{Labels: m{"a": "${password}"}, Data: password}, `label "a": ${password} contains a password; use it in data only, because labels and annotations are not secret`},
		"auth in an annotation":   {secret.Form{Annotations: m{"a": "${auth}"}, Data: password}, `annotation "a": ${auth} contains a password; use it in data only, because labels and annotations are not secret`},
		"config in an annotation": {secret.Form{Annotations: m{"a": "${dockerconfigjson}"}, Data: password}, `annotation "a": ${dockerconfigjson} contains a password; use it in data only, because labels and annotations are not secret`},
		"time in a label":         {secret.Form{Labels: m{"a": "${expiry}"}, Data: password}, `label "a": invalid value "2026-01-02T03:04:05Z"; `},
		"label key":               {secret.Form{Labels: m{"a b": ""}, Data: password}, `label "a b": invalid key; `},
		"annotation key":          {secret.Form{Annotations: m{"a/b/c": ""}, Data: password}, `annotation "a/b/c": invalid key; `},
		"reserved annotation":     {secret.Form{Annotations: m{"ecr-login/expiry": ""}, Data: password}, `annotation "ecr-login/expiry": reserved for this program; use another prefix than ecr-login/`},
		"data key":                {secret.Form{Data: m{"a/b": "${password}"}}, `data "a/b": invalid key; `},
		"no data":                 {secret.Form{}, "data contains no password; add a key with ${password}, ${auth} or ${dockerconfigjson}"},
		"no password":             {secret.Form{Data: m{"host": "${host}"}}, "data contains no password; add a key with ${password}, ${auth} or ${dockerconfigjson}"},
		"missing key":             {secret.Form{Type: "kubernetes.io/dockerconfigjson", Data: password}, `type kubernetes.io/dockerconfigjson requires the key ".dockerconfigjson" in data; add .dockerconfigjson: "${dockerconfigjson}", or use another type`},
		"not JSON":                {secret.Form{Type: "kubernetes.io/dockerconfigjson", Data: m{".dockerconfigjson": "${auth}"}}, `data ".dockerconfigjson": not JSON; use ${dockerconfigjson}, or correct the JSON`},
		"missing user name":       {secret.Form{Type: "kubernetes.io/basic-auth", Data: password}, `type kubernetes.io/basic-auth requires the key "username" in data; add username: "${username}", or use another type`},
		"type for other contents": {secret.Form{Type: "kubernetes.io/tls", Data: password}, `type "kubernetes.io/tls" is not supported; use kubernetes.io/dockerconfigjson, kubernetes.io/basic-auth or Opaque`},
	} {
		err := tt.form.Check(1)
		switch {
		case tt.want == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case err == nil, !strings.HasPrefix(err.Error(), tt.want), strings.HasSuffix(tt.want, "; ") != (len(err.Error()) > len(tt.want)):
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		case strings.ContainsAny(err.Error(), "\n\x1b"):
			t.Errorf("%s: %q", name, err)
		}
	}
}
