package kubeletconfig

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/program"
)

const head = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n"

const good = head + `providers:
- name: a
  apiVersion: credentialprovider.kubelet.k8s.io/v1
  matchImages: ["*.example.com/team", registry.example.com:5000]
  defaultCacheDuration: "0"
  args: [--x, ""]
  env:
  - {name: KEY, value: "hunter2"}
  - name: TEXT
    value: |
      hunter3
  tokenAttributes:
    serviceAccountTokenAudience: sts.amazonaws.com
    cacheType: ServiceAccount
    requireServiceAccount: true
    requiredServiceAccountAnnotationKeys: [example.com/a]
    optionalServiceAccountAnnotationKeys: [b]
`

func TestParse(t *testing.T) {
	f, err := parse("f", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := []Provider{{
		Name: "a", APIVersion: ProtocolVersion, MatchImages: []string{"*.example.com/team", "registry.example.com:5000"}, DefaultCacheDuration: "0",
		Args: []string{"--x", ""}, Env: []Variable{{"KEY", "hunter2"}, {"TEXT", "hunter3\n"}},
		TokenAttributes: &TokenAttributes{"sts.amazonaws.com", "ServiceAccount", true, []string{"example.com/a"}, []string{"b"}},
	}}
	if diff := cmp.Diff(want, f.Providers); diff != "" {
		t.Error(diff)
	}
	inJSON, err := parse("f", newFile(want[0], true))
	if err != nil || !reflect.DeepEqual(inJSON.Providers, want) {
		t.Errorf("%+v, %v", inJSON, err)
	}
	inYAML, err := parse("f", newFile(want[0], false))
	if err != nil || !reflect.DeepEqual(inYAML.Providers, want) {
		t.Errorf("%+v, %v", inYAML, err)
	}
}

// TestWrong checks that errors contain the position but no possible secret.
func TestWrong(t *testing.T) {
	for _, tt := range []struct{ name, from, to, want string }{
		{"nothing", good, " \n", "f:1:1: empty file; create"},
		{"no YAML", "name: a", "name: [a", "f:5:13: invalid YAML"},
		{"tab", "  args:", "\targs:", "f:8:1: the line is indented with a tab; use spaces"},
		{"line ends", "  args:", "\r  args:", "f:8:1: the line ends with a carriage return only"},
		{"two documents", head, head + "---\n" + head, "f:4:1: more than one YAML document"},
		{"alias", "args: [--x, \"\"]", "args: &x []", "f:8:9: YAML anchors"},
		{"a list", good, "- a\n", "f:1:1: the file must be a mapping with keys: apiVersion, kind, providers"},
		{"kind", "kind: C", "kind: KubeletC", `f:2:7: unsupported value "KubeletCredentialProviderConfig"; use CredentialProviderConfig`},
		{"no kind", "kind: CredentialProviderConfig\n", "", "f:1:1: missing kind"},
		{"no version", "apiVersion: kubelet.config.k8s.io/v1\n", "", "f:1:1: missing apiVersion"},
		{"version", "kubelet.config.k8s.io/v1", "v1", `f:1:13: unsupported value "v1"; use kubelet.config.k8s.io/v1 or`},
		{"older version", "kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v1beta1", "f:4:3: tokenAttributes requires apiVersion kubelet.config.k8s.io/v1; change the apiVersion of the file"},
		{"unknown key", "  env:", "  envs:", `f:9:3: unknown key "envs", which prevents the kubelet from starting; valid keys of a provider: apiVersion, args,`},
		{"letter case", "matchImages", "matchimages", `unknown key "matchimages"`},
		{"twice", "  env:", "  name: a\n  env:", `f:9:3: duplicate key "name"`},
		{"no name", "- name: a\n ", "-", "f:4:3: the provider has no name"},
		{"a path", "name: a", "name: ../a", `f:4:9: invalid program name "../a"`},
		{"no match", `["*.example.com/team", registry.example.com:5000]`, "", "f:4:3: provider a has no matchImages"},
		{"match", "*.example.com/team", "exa mple.com", `f:6:17: invalid image pattern "exa mple.com"`},
		{"no list", `["*.example.com/team", registry.example.com:5000]`, "x", "f:6:16: this must be a list"},
		{"no duration", "  defaultCacheDuration: \"0\"\n", "", "f:4:3: provider a has no defaultCacheDuration"},
		{"number", `"0"`, "0", "f:7:25: this must be text; enclose it in quotes"},
		{"duration", `"0"`, "-1h", `f:7:25: invalid duration "-1h"`},
		{"protocol", "credentialprovider.kubelet.k8s.io/v1", "v1", `f:5:15: unsupported value "v1"`},
		{"no protocol", "  apiVersion: credentialprovider.kubelet.k8s.io/v1\n", "", "f:4:3: provider a has no apiVersion"},
		{"older protocol", "credentialprovider.kubelet.k8s.io/v1", "credentialprovider.kubelet.k8s.io/v1beta1", "f:4:3: provider a has tokenAttributes, which requires apiVersion"},
		{"variable", `"hunter2"`, "2", "f:10:24: this must be text"},
		{"no audience", "    serviceAccountTokenAudience: sts.amazonaws.com\n", "", "f:15:5: missing serviceAccountTokenAudience"},
		{"no cache type", "    cacheType: ServiceAccount\n", "", "missing cacheType"},
		{"cache type", "cacheType: ServiceAccount", "cacheType: Pod", `f:16:16: unsupported value "Pod"; use ServiceAccount or Token`},
		{"not required", "requireServiceAccount: true", "requireServiceAccount: false", "requiredServiceAccountAnnotationKeys requires requireServiceAccount: true"},
		{"no truth", "requireServiceAccount: true", `requireServiceAccount: "true"`, "f:17:28: the value must be true or false"},
		{"not said", "    requireServiceAccount: true\n", "", "missing requireServiceAccount"},
		{"annotation", "[b]", "[a/b/c]", `f:19:44: invalid annotation key "a/b/c"`},
		{"annotation twice", "[b]", "[b, example.com/a]", "duplicate annotation key"},
		{"provider twice", "  tokenAttributes:", "- name: a\n  apiVersion: credentialprovider.kubelet.k8s.io/v1\n  matchImages: [x]\n  defaultCacheDuration: 0s\n  tokenAttributes:", "f:14:3: duplicate provider a"},
		{"no JSON", good, "{\"kind\": \"CredentialProviderConfig\",\n \"apiVersion\": x}", "f:2:16: invalid JSON"},
		{"YAML in braces", good, "{kind: CredentialProviderConfig}", "f:1:2: invalid JSON"},
	} {
		_, err := parse("f", []byte(strings.Replace(good, tt.from, tt.to, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v\nwant %s", tt.name, err, tt.want)
		}
	}
}

// TestNextStep checks that errors have a next step, as doctor prints it.
func TestNextStep(t *testing.T) {
	for _, tt := range []struct{ from, to, cause, next string }{
		{"cacheType: ServiceAccount", `cacheType: "a; b"`, `f:16:16: unsupported value "a; b"`, "use ServiceAccount or Token"},
		{`["*.example.com/team", registry.example.com:5000]`, "x", "f:6:16: this must be a list", ""},
	} {
		_, err := parse("f", []byte(strings.Replace(good, tt.from, tt.to, 1)))
		if err == nil {
			t.Fatalf("no error for %s", tt.to)
		}
		if cause, next := advice.Of(err); cause != tt.cause || next != tt.next {
			t.Errorf("got %q, %q, want %q, %q", cause, next, tt.cause, tt.next)
		}
	}
}

// TestMatch checks the semantics of kubelet.
func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, image string
		want           bool
	}{
		{"*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app", true},
		{"*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app", false},
		{"*.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com/app", false},
		{"1234*.dkr.ecr.us-*-2.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com/app", true},
		{"registry.example.com", "registry.example.com:5000/app", false},
		{"registry.example.com:5000", "registry.example.com:5000/app", true},
		{"registry.example.com/team", "registry.example.com/team-b/app", true},
		{"registry.example.com/team", "registry.example.com/other/app", false},
		{"docker.io", "docker.io/library/busybox", true},
		{"*", "localhost/app", true},
		{"*", "docker.io/app", false},
		{"[", "docker.io/app", false},
		{"a b", "a b/app", false},
	} {
		if got := (Provider{MatchImages: []string{"x", tt.pattern}}).Matches(tt.image); got != tt.want {
			t.Errorf("%s matches %s: %t", tt.pattern, tt.image, got)
		}
	}
}

func TestOverlap(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com", true},
		{"*.dkr.ecr.us-west-2.amazonaws.com", "123456789012.dkr.ecr.*.amazonaws.com", true},
		{"*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com/team", true},
		{"*.*.*.*.*.*", "*.dkr.ecr.*.amazonaws.com", true},
		{"*.dkr.ecr.us-*.amazonaws.com", "*.dkr.ecr.eu-*.amazonaws.com", false},
		{"*.dkr.ecr.us-*.amazonaws.com", "*.dkr.ecr.*-2.amazonaws.com", true},
		{"1234*.dkr.ecr.*.amazonaws.com", "*9012.dkr.ecr.us-*-2.amazonaws.com", true},
		{"*.dkr.ecr.us-*-2.amazonaws.com", "*.dkr.ecr.*-1.amazonaws.com", false},
		{"*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com:8443", false},
		{"*.dkr.ecr.*.amazonaws.com", "*.gcr.io", false},
		{"a.io/x", "a.io/y", false},
	} {
		if got := Overlap(tt.a, tt.b); got != tt.want || Overlap(tt.b, tt.a) != tt.want {
			t.Errorf("%s and %s overlap: %t", tt.a, tt.b, got)
		}
	}
}

// FuzzOverlap checks that Overlap reports true for patterns that match the same image.
func FuzzOverlap(f *testing.F) {
	f.Add("*.dkr.ecr.us-*.amazonaws.com", "*.dkr.ecr.*-2.amazonaws.com/team", "1.dkr.ecr.us-west-2.amazonaws.com/team/app")
	f.Add("*:5000", "local*:5000/a", "localhost:5000/app")
	f.Add("[::1]:5000", "[::1]:5000", "[::1]:5000/app")
	f.Add("[::1]", "*", "1/app")
	f.Fuzz(func(t *testing.T, a, b, image string) {
		if Match(a, image) && Match(b, image) && !Overlap(a, b) {
			t.Errorf("%q and %q match %q and do not overlap", a, b, image)
		}
	})
}

func TestImage(t *testing.T) {
	const digest = "@sha256:0000000000000000000000000000000000000000000000000000000000000000"
	for typed, want := range map[string]string{
		"busybox":                                     "docker.io/library/busybox",
		"busybox:1":                                   "docker.io/library/busybox",
		"team/app:1":                                  "docker.io/team/app",
		"docker.io/busybox":                           "docker.io/library/busybox",
		"localhost/app":                               "localhost/app",
		"registry.example.com:5000/app":               "registry.example.com:5000/app",
		"registry.example.com:5000/app:1":             "registry.example.com:5000/app",
		"registry.example.com/app" + digest:           "registry.example.com/app",
		" registry.example.com/app:1" + digest + "\n": "registry.example.com/app",
	} {
		if got := Image(typed); got != want {
			t.Errorf("%q is %q, want %q", typed, got, want)
		}
	}
}

// TestDirectory checks that files are read in the order of their names, and that a duplicate provider is an error.
func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	write := func(name, provider string) {
		t.Helper()
		text := newFile(Provider{Name: provider, APIVersion: ProtocolVersion, MatchImages: []string{"x"}, DefaultCacheDuration: "0s"}, filepath.Ext(name) == ".json")
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "the directory contains no .json, .yaml or .yml file") {
		t.Error(err)
	}
	write("b.yaml", "b")
	write("a.json", "a")
	write("c.txt", "c")
	files, err := Read(dir)
	if err != nil || len(files) != 2 || files[0].Providers[0].Name != "a" || files[1].Providers[0].Name != "b" {
		t.Errorf("%+v, %v", files, err)
	}
	write("z.yml", "a")
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "z.yml: duplicate provider a, also in "+filepath.Join(dir, "a.json")) {
		t.Error(err)
	}
	if _, err := Read(filepath.Join(dir, "none.yaml")); err == nil || !strings.Contains(err.Error(), "does not exist; create it") {
		t.Error(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte(head+"providers: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(empty); err == nil || !strings.Contains(err.Error(), "contains no provider") {
		t.Error(err)
	}
}

// TestDocumented checks that the documented files are valid.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(name, indent string) string {
		_, text, ok := strings.Cut(string(page), "<!-- "+name+": begin -->\n")
		text, _, ok2 := strings.Cut(text, "<!-- "+name+": end -->")
		if !ok || !ok2 {
			t.Fatalf("missing block %s", name)
		}
		return strings.ReplaceAll("\n"+text, "\n    ", "\n"+indent)[1:]
	}
	provider := block("provider", "")
	for _, text := range []string{provider, provider + block("tokens", "    ")} {
		f, err := parse("kubernetes.md", []byte(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if p, ok := f.Provider(program.Provider); !ok || !p.Matches("123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app") {
			t.Errorf("%+v", p)
		}
	}
}
