package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"ecrlogin/internal/refreshconfig"
)

// TestExamples lints the chart and renders it with each of the examples. The configurations are valid.
func TestExamples(t *testing.T) {
	for _, values := range examples(t) {
		t.Run(filepath.Base(values), func(t *testing.T) {
			if out, err := runHelm(t, []string{"lint", "--strict", chart}, values); err != nil {
				t.Errorf("helm lint: %v\n%s", err, out)
			}
			objects := objectsOf(t, values)
			var config corev1.ConfigMap
			objects.get(t, "ConfigMap", &config)
			if _, err := refreshconfig.Parse("config.yaml", []byte(config.Data["config.yaml"])); err != nil {
				t.Errorf("the configuration is invalid: %v", err)
			}
		})
	}
}

// TestSidecarConfiguration parses the configuration of Clouddriver's sidecars.
func TestSidecarConfiguration(t *testing.T) {
	for _, name := range []string{"native-sidecar.yaml", "sidecar.yaml"} {
		content, err := os.ReadFile(filepath.Join(root, "deploy/kubernetes/spinnaker", name))
		if err != nil {
			t.Fatal(err)
		}
		var config corev1.ConfigMap
		parse(t, string(content)).get(t, "ConfigMap", &config)
		c, err := refreshconfig.Parse("config.yaml", []byte(config.Data["config.yaml"]))
		if err != nil || len(c.Files) != 1 || c.Files[0].Legacy {
			t.Errorf("%s: %+v, %v; want one file with a mode", name, c, err)
		}
	}
}

// TestManifestsAreUpToDate compares the plain manifests with the chart.
func TestManifestsAreUpToDate(t *testing.T) {
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "make", "--silent", "-C", root, "manifests", "MANIFESTS="+dir).CombinedOutput()
	if err != nil {
		t.Fatalf("make manifests: %v\n%s", err, out)
	}
	for _, values := range examples(t) {
		name := filepath.Base(values)
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(root, "deploy/kubernetes", name))
		if err != nil || string(got) != string(want) {
			t.Errorf("deploy/kubernetes/%s differs from the chart (%v); run: make manifests", name, err)
		}
	}
}

// base is a valid file of values.
const base = `
image: {repository: registry.example.com/ecr-token-refresh}
identity: {type: node}
config:
  interval: 30m
  kubernetes:
    secrets:
    - name: regcred
      namespaces: ["team-*"]
      registries: [123456789012.dkr.ecr.us-west-2.amazonaws.com]
`

// TestValuesAreChecked renders the chart with mistakes in the values.
func TestValuesAreChecked(t *testing.T) {
	if _, err := render(t, writeValues(t, base)); err != nil {
		t.Fatalf("valid values: %v", err)
	}
	edit := strings.NewReplacer
	for name, test := range map[string]struct {
		edit *strings.Replacer
		want string
	}{
		"unknown value":         {edit("image:", "replica: 2\nimage:"), "'replica' not allowed"},
		"unknown value inside":  {edit("repository:", "repo:"), "'repo' not allowed"},
		"unknown setting":       {edit("interval:", "intervall:"), "'intervall' not allowed"},
		"unknown key of a rule": {edit("namespaces:", "namespace:"), "'namespace' not allowed"},
		"no interval":           {edit("interval: 30m", "listen: ':3277'"), "missing property 'interval'"},
		"interval without unit": {edit("30m", "30"), "/config/interval"},
		"no namespaces":         {edit(`namespaces: ["team-*"]`, "prune: true"), "missing property 'namespaces'"},
		"no registries":         {edit("registries: [123456789012.dkr.ecr.us-west-2.amazonaws.com]", "prune: true"), "missing property 'registries'"},
		"unknown preset":        {edit("namespaces:", "preset: dockercfg\n      namespaces:"), "/preset"},
		"no rules":              {edit("kubernetes:", "listen: ':3277'\nresources:"), "missing property 'kubernetes'"},
		"no identity":           {edit("type: node", "region: us-west-2"), "/identity/type"},
		"unknown identity":      {edit("type: node", "type: IRSA"), "/identity/type"},
		"role without ARN":      {edit("type: node", "type: irsa"), "/identity/roleArn"},
		"user instead of role":  {edit("type: node", "type: irsa, roleArn: 'arn:aws:iam::123456789012:user/x'"), "/identity/roleArn"},
		"key without Secret":    {edit("type: node", "type: accessKey"), "/identity/secretName"},
		"unknown kind":          {edit("image:", "kind: DaemonSet\nimage:"), "/kind"},
		"no image":              {edit("repository: registry.example.com/ecr-token-refresh", "tag: x"), "image.repository is required"},
		"Role with a pattern":   {edit("image:", "rbac: {scope: namespaced}\nimage:"), `the rule for the Secret "regcred" must name its namespaces`},
		"Role with prune":       {edit("image:", "rbac: {scope: namespaced}\nimage:", `["team-*"]`, "[team-a]\n      prune: true"), "must not have prune"},
		"Role with a selector":  {edit("image:", "rbac: {scope: namespaced}\nimage:", `["team-*"]`, "[team-a]\n      selector: a=b"), "must name its namespaces"},
		"unknown Secret":        {edit("image:", "admissionPolicy: {enabled: true, secrets: [other]}\nimage:"), `admissionPolicy.secrets contains "other"`},
		"unsupported selector":  {edit("image:", "admissionPolicy: {enabled: true}\nimage:", "namespaces:", "selector: 'a > 1'\n      namespaces:"), `invalid term "a > 1"`},
		"no service account":    {edit("image:", "serviceAccount: {create: false}\nimage:"), "serviceAccount.name is required"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(t, writeValues(t, test.edit.Replace(base)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("helm template = %v, want an error with %q", err, test.want)
			}
		})
	}
}

// TestIdentities renders each source of the AWS identity.
func TestIdentities(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/x"
	for name, test := range map[string]struct {
		values, role   string
		env, audiences []string
	}{
		"irsa":        {"irsa, roleArn: '" + role + "'", role, nil, nil},
		"podIdentity": {"podIdentity", "", nil, nil},
		"webIdentity": {"webIdentity, roleArn: '" + role + "'", "", []string{"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"}, []string{"sts.amazonaws.com"}},
		"accessKey":   {"accessKey, secretName: key", "", []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, nil},
		"node":        {"node, region: us-west-2", "", []string{"AWS_REGION"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			objects := objectsOf(t, writeValues(t, strings.Replace(base, "node", test.values, 1)))
			var account corev1.ServiceAccount
			objects.get(t, "ServiceAccount", &account)
			if got := account.Annotations["eks.amazonaws.com/role-arn"]; got != test.role {
				t.Errorf("role of the service account: %q, want %q", got, test.role)
			}
			pod := objects.pod(t)
			env := sets.New[string]()
			for _, v := range pod.Spec.Containers[0].Env {
				env.Insert(v.Name)
			}
			if !env.Equal(sets.New(test.env...)) {
				t.Errorf("environment: %v, want %v", sets.List(env), test.env)
			}
			audiences := sets.New[string]()
			for _, v := range pod.Spec.Volumes {
				if v.Projected != nil {
					audiences.Insert(v.Projected.Sources[0].ServiceAccountToken.Audience)
				}
			}
			if !audiences.Equal(sets.New(test.audiences...)) {
				t.Errorf("audiences of tokens: %v, want %v", sets.List(audiences), test.audiences)
			}
		})
	}
}

// TestAlertsUseExistingMetrics looks up the metrics of the alerts in the source of the program.
func TestAlertsUseExistingMetrics(t *testing.T) {
	source, err := os.ReadFile(root + "/internal/monitoring/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	out, err := render(t, root+"/deploy/helm/examples/deployment-pod-identity.yaml")
	if err != nil {
		t.Fatal(err)
	}
	names := sets.New(regexp.MustCompile(`ecr_token_refresh_\w+`).FindAllString(out, -1)...)
	if len(names) < 5 {
		t.Errorf("metrics of the alerts: %v, want at least 5", sets.List(names))
	}
	for name := range names {
		if !strings.Contains(string(source), `"`+strings.TrimPrefix(name, "ecr_token_refresh_")+`"`) {
			t.Errorf("an alert uses the metric %s, which does not exist", name)
		}
	}
}
