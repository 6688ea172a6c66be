package secret

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
)

// The types of Secrets that contain passwords.
// Source: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
const (
	TypeOpaque           = "Opaque"                         // the default of Kubernetes
	TypeDockerConfigJSON = "kubernetes.io/dockerconfigjson" // required for imagePullSecrets
	TypeBasicAuth        = "kubernetes.io/basic-auth"
)

// dockerConfigKey is the key of Docker's config.json in a Secret of TypeDockerConfigJSON.
const dockerConfigKey = ".dockerconfigjson"

// presets are the Forms by name.
var presets = map[string]func() Form{
	// The form of image pull secrets, for all registries of a rule.
	"dockerconfigjson": func() Form {
		return Form{Type: TypeDockerConfigJSON, Data: map[string]string{dockerConfigKey: "${dockerconfigjson}"}}
	},
	// Credentials for all Helm repositories of a registry. Argo CD uses them for each repository URL that begins with
	// url. The URL of a Helm repository in a registry has no scheme.
	// Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/argocd-repo-creds-yaml/ and secretToRepoCred and
	// getRepositoryCredentialIndex in util/db/repository_secrets.go of argoproj/argo-cd
	"argocd-repo-creds": func() Form {
		return Form{
			Type:   TypeOpaque,
			Labels: map[string]string{"argocd.argoproj.io/secret-type": "repo-creds"},
			Data: map[string]string{
				"url": "${host}", "type": "helm", "enableOCI": "true", "username": "${username}", "password": "${password}",
			},
		}
	},
	"basic-auth": func() Form {
		return Form{Type: TypeBasicAuth, Data: map[string]string{"username": "${username}", "password": "${password}"}}
	},
	// A file config.json for pods that mount the Secret as Docker's configuration directory, such as Kaniko
	// (/kaniko/.docker) and BuildKit ($DOCKER_CONFIG).
	// Source: https://github.com/GoogleContainerTools/kaniko#pushing-to-docker-hub
	"docker-config": func() Form {
		return Form{Type: TypeOpaque, Data: map[string]string{"config.json": "${dockerconfigjson}"}}
	},
	// The form that Argo CD Image Updater reads with "credentials: secret:NAMESPACE/NAME#creds". Its other form,
	// "pullsecret:NAMESPACE/NAME", reads the preset dockerconfigjson.
	// Source: https://argocd-image-updater.readthedocs.io/en/stable/configuration/registries/ and FetchCredentials in
	// registry-scanner/pkg/image/credentials.go of argoproj-labs/argocd-image-updater, which splits at the first colon
	"image-updater": func() Form {
		return Form{Type: TypeOpaque, Data: map[string]string{"creds": "${username}:${password}"}}
	},
}

// Preset returns the Form with a name, or false if there is none. The default for Secrets is "dockerconfigjson".
func Preset(name string) (Form, bool) {
	preset, ok := presets[name]
	if !ok {
		return Form{}, false
	}
	return preset(), true
}

// Presets returns the names for Preset, sorted.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Check reports the first mistake in a Form for a rule with a number of registries, as one line with a next step. In a
// template, "$${" is a literal "${".
func (f Form) Check(registries int) error {
	for _, check := range []func() error{
		func() error { return f.checkTemplates("label", f.Labels, registries, false) },
		func() error { return f.checkTemplates("annotation", f.Annotations, registries, false) },
		func() error { return f.checkTemplates("data", f.Data, registries, true) },
		f.checkMetadata, f.checkData, f.checkType,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkTemplates checks the placeholders of one of the maps of a Form.
func (f Form) checkTemplates(kind string, templates map[string]string, registries int, secrets bool) error {
	for _, key := range slices.Sorted(maps.Keys(templates)) {
		parts, err := parseTemplate(templates[key])
		if err != nil {
			return within(kind, key, err)
		}
		for _, p := range parts {
			switch {
			case p.placeholder == nil:
			case p.placeholder.secret && !secrets:
				return within(kind, key, advice.Errorf("${%s} contains a password", p.placeholder.name).
					Then("use it in data only, because labels and annotations are not secret"))
			case !p.placeholder.shared && registries > 1:
				return within(kind, key, advice.Errorf("${%s} refers to one registry, but the rule has %d", p.placeholder.name, registries).
					Then("use ${dockerconfigjson}, or one rule for each registry"))
			}
		}
	}
	return nil
}

// within adds the place of a mistake to an error.
func within(kind, key string, err error) error {
	cause, next := advice.Of(err)
	return advice.Errorf("%s %q: %s", kind, oneline.Value(key), cause).Then("%s", next)
}

// sample contains values of the placeholders for checks. No real host name is longer.
var sample = map[string]string{
	"host":             "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
	"username":         "AWS",
	"password":         "c2FtcGxl",
	"auth":             "QVdTOmMyRnRjR3hs",
	"expiry":           "2026-01-02T03:04:05Z",
	"dockerconfigjson": `{"auths":{}}`,
}

// checkMetadata checks labels and annotations as the API server does.
func (f Form) checkMetadata() error {
	labels, err := expandAll(f.Labels, sample)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if problems := validation.IsQualifiedName(key); len(problems) > 0 {
			return within("label", key, advice.Errorf("invalid key").Then("%s", problems[0]))
		}
		if problems := validation.IsValidLabelValue(labels[key]); len(problems) > 0 {
			return within("label", key, advice.Errorf("invalid value %q", oneline.Value(labels[key])).Then("%s", problems[0]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.Annotations)) {
		if problems := validation.IsQualifiedName(strings.ToLower(key)); len(problems) > 0 {
			return within("annotation", key, advice.Errorf("invalid key").Then("%s", problems[0]))
		}
		if strings.HasPrefix(key, AnnotationPrefix) {
			return within("annotation", key, advice.Errorf("reserved for this program").Then("use another prefix than %s", AnnotationPrefix))
		}
	}
	return nil
}

// checkData checks the keys of the data, and that it contains a password.
func (f Form) checkData() error {
	passwords := 0
	for _, key := range slices.Sorted(maps.Keys(f.Data)) {
		if problems := validation.IsConfigMapKey(key); len(problems) > 0 {
			return within("data", key, advice.Errorf("invalid key").Then("%s", problems[0]))
		}
		parts, _ := parseTemplate(f.Data[key]) // checkTemplates has reported its error
		if slices.ContainsFunc(parts, func(p part) bool { return p.placeholder != nil && p.placeholder.secret }) {
			passwords++
		}
	}
	if passwords == 0 {
		return advice.Errorf("data contains no password").Then("add a key with ${password}, ${auth} or ${dockerconfigjson}")
	}
	return nil
}

// checkType checks that the data has the keys that the type requires.
// Source: ValidateSecret in pkg/apis/core/validation/validation.go of Kubernetes
func (f Form) checkType() error {
	switch {
	case f.Type == TypeDockerConfigJSON:
		text, err := expand(f.Data[dockerConfigKey], sample)
		if err != nil {
			return err
		}
		if _, ok := f.Data[dockerConfigKey]; !ok {
			return f.missing(dockerConfigKey, "${dockerconfigjson}")
		}
		if !json.Valid([]byte(text)) {
			return within("data", dockerConfigKey, advice.Errorf("not JSON").Then("use ${dockerconfigjson}, or correct the JSON"))
		}
	case f.Type == TypeBasicAuth:
		for _, key := range []string{"username", "password"} {
			if _, ok := f.Data[key]; !ok {
				return f.missing(key, "${"+key+"}")
			}
		}
	case strings.HasPrefix(f.Type, "kubernetes.io/"):
		return advice.Errorf("type %q is not supported", oneline.Value(f.Type)).
			Then("use %s, %s or %s", TypeDockerConfigJSON, TypeBasicAuth, TypeOpaque)
	}
	return nil
}

func (f Form) missing(key, template string) error {
	return advice.Errorf("type %s requires the key %q in data", f.Type, key).Then("add %s: %q, or use another type", key, template)
}
