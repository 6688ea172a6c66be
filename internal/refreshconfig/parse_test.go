package refreshconfig

import (
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
	"ecrlogin/registry"
)

const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// sidecar is the example of the sidecar's documentation, with account IDs of the right length.
const sidecar = `interval: 30m # defines refresh interval
registries: # list of registries to refresh
    - registryId: "123456789012" # typically AWS account ID
      region: "us-west-2" 
      passwordFile: "/opt/passwords/my-registry.pass"
    - registryId: "098765432109"
      region: "eu-central-1"
      passwordFile: "/opt/passwords/my-registry-in-eu.pass"`

const whole = `interval: 10m
registries:
  - registry: 123456789012.dkr.ecr.us-west-2.amazonaws.com
    profile: dev
    passwordFile: /opt/passwords/my-registry.pass
    dockerConfig: /shared/./.docker/config.json
    mode: "0640"
    owner: 10111
    group: spinnaker
  - registry: https://public.ecr.aws
    dockerConfig: /shared/.docker/config.json
    mode: 0640
    owner: "10111"
    group: spinnaker
  - registryId: 210987654321
    region: cn-north-1
    roleArn: arn:aws-cn:iam::210987654321:role/pull
    externalId: "1234"
    roleSessionName: refresh
    duration: 1h
    passwordFile: /opt/passwords/cn.pass
kubernetes:
  secrets:
    - name: regcred
      namespaces: ["team-*", "health-check"]
      exclude: [kube-system]
      selector: "ecr-login=enabled"
      registries: ["123456789012.dkr.ecr.us-west-2.amazonaws.com", public.ecr.aws]
      profile: dev
      preset: dockerconfigjson
      adopt: true
      prune: true
      serviceAccounts: [default, builder]
    - name: argocd
      namespaces: [argocd]
      registries: [123456789012.dkr.ecr.us-west-2.amazonaws.com]
      template:
        type: Opaque
        labels: {argocd.argoproj.io/secret-type: repo-creds}
        annotations: {expires: "${expiry}", empty: ""}
        data:
          url: ${host}
          password: ${password}
  lease:
    name: refresh
    namespace: ecr
    disabled: true
listen: 127.0.0.1:3278
`

func mustRegistry(t *testing.T, host string) registry.Registry {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func form(t *testing.T, preset string) secret.Form {
	t.Helper()
	f, ok := secret.Preset(preset)
	if !ok {
		t.Fatal("no preset " + preset)
	}
	return f
}

func pointer(m fs.FileMode) *fs.FileMode { return &m }

func TestParse(t *testing.T) {
	private, public := mustRegistry(t, host), mustRegistry(t, "public.ecr.aws")
	dev := credentials.Identity{Profile: "dev"}
	want := &Config{
		Path: "config.yaml", Interval: 10 * time.Minute, Listen: "127.0.0.1:3278",
		Files: []File{
			{Path: "/opt/passwords/my-registry.pass", Login: refresh.Login{Registry: private, Identity: dev},
				Mode: pointer(0o640), Owner: "10111", Group: "spinnaker", Line: 3},
			{Path: "/shared/.docker/config.json", Login: refresh.Login{Registry: private, Identity: dev}, DockerConfig: true,
				Mode: pointer(0o640), Owner: "10111", Group: "spinnaker", Line: 3},
			{Path: "/shared/.docker/config.json", Login: refresh.Login{Registry: public, Server: "https://public.ecr.aws"}, DockerConfig: true,
				Mode: pointer(0o640), Owner: "10111", Group: "spinnaker", Line: 10},
			{Path: "/opt/passwords/cn.pass", Line: 15, Login: refresh.Login{
				Registry: mustRegistry(t, "210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn"),
				Identity: credentials.Identity{RoleARN: "arn:aws-cn:iam::210987654321:role/pull", ExternalID: "1234",
					RoleSessionName: "refresh", Duration: time.Hour},
			}},
		},
		Secrets: []secret.Rule{
			{Name: "regcred", Namespaces: []string{"team-*", "health-check"}, Exclude: []string{"kube-system"}, Selector: "ecr-login=enabled",
				Logins: []refresh.Login{{Registry: private, Identity: dev}, {Registry: public, Identity: dev}},
				Form:   form(t, "dockerconfigjson"), Adopt: true, Prune: true, ServiceAccounts: []string{"default", "builder"}},
			{Name: "argocd", Namespaces: []string{"argocd"}, Logins: []refresh.Login{{Registry: private}}, Form: secret.Form{
				Type: "Opaque", Labels: map[string]string{"argocd.argoproj.io/secret-type": "repo-creds"},
				Annotations: map[string]string{"expires": "${expiry}", "empty": ""},
				Data:        map[string]string{"url": "${host}", "password": "${password}"},
			}},
		},
		Lease: Lease{Name: "refresh", Namespace: "ecr", Disabled: true},
	}
	got, err := Parse("config.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDefaults checks what a short configuration means.
func TestDefaults(t *testing.T) {
	got, err := Parse("config.yaml", []byte("interval: 30m\nkubernetes: {secrets: [{name: regcred, selector: a=b, registries: ["+host+"]}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Path: "config.yaml", Interval: 30 * time.Minute, Listen: ":3277", Lease: Lease{Name: "ecr-token-refresh"},
		Secrets: []secret.Rule{{Name: "regcred", Selector: "a=b", Form: form(t, "dockerconfigjson"),
			Logins: []refresh.Login{{Registry: mustRegistry(t, host)}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// sidecarFiles are the files of the configuration sidecar.
func sidecarFiles(t *testing.T) []File {
	return []File{
		{Path: "/opt/passwords/my-registry.pass", Login: refresh.Login{Registry: mustRegistry(t, host)}, Legacy: true},
		{Path: "/opt/passwords/my-registry-in-eu.pass", Legacy: true,
			Login: refresh.Login{Registry: mustRegistry(t, "098765432109.dkr.ecr.eu-central-1.amazonaws.com")}},
	}
}

// TestSidecar checks the forms in which the sidecar reads its file: keys in any letter case, a number as registryId,
// and JSON and TOML by extension.
func TestSidecar(t *testing.T) {
	for _, tt := range []struct {
		name, path, content string
		lines               [2]int
	}{
		{"documented", "/opt/config/ecr-token-refresh/config.yaml", sidecar, [2]int{3, 6}},
		{"letter case", "config.yml", `INTERVAL: 30m
Registries:
- RegistryID: 123456789012
  Region: us-west-2
  passwordfile: /opt/passwords/my-registry.pass
- registryid: '098765432109'
  REGION: eu-central-1
  PASSWORDFILE: /opt/passwords/my-registry-in-eu.pass
`, [2]int{3, 6}},
		{"no extension", "config", "interval: 1800s\r\nregistries:\r\n- {registryId: 123456789012, region: us-west-2, passwordFile: /opt/passwords/my-registry.pass}\r\n" +
			"- {registryId: \"098765432109\", region: eu-central-1, passwordFile: /opt/passwords/../passwords/my-registry-in-eu.pass}\r\n", [2]int{3, 4}},
		{"JSON", "config.json", `{
	"Interval": "0.5h",
	"registries": [
		{"registryId": 123456789012, "region": "us-west-2", "passwordFile": "\/opt\/passwords\/my-registry.pass"},
		{"registryID": "098765432109", "region": "eu-central-1", "passwordfile": "/opt/passwords/my-registry-in-eu.pass"}
	]
}`, [2]int{4, 5}},
		{"TOML", "config.TOML", `interval = "30m" # a comment
[[registries]]
registryId = 123456789012
region = 'us-west-2'
passwordFile = "/opt/passwords/my-registry.pass"

[[registries]]
RegistryId = "098765432109"
region = "eu-central-1"
passwordFile = "/opt/passwords/my-registry-in-eu.pass"
`, [2]int{2, 7}},
		{"TOML with inline tables", "config.toml", `interval = "30m"
registries = [
  {registryId = 123456789012, region = 'us-west-2', passwordFile = "/opt/passwords/my-registry.pass"}, # a comment
  {registryId = "098765432109", region = "eu-central-1", passwordFile = "/opt/passwords/my-registry-in-eu.pass"},
]
`, [2]int{3, 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.path, []byte(tt.content))
			if err != nil {
				t.Fatal(err)
			}
			want := &Config{Path: tt.path, Interval: 30 * time.Minute, Listen: ":3277", Lease: Lease{Name: "ecr-token-refresh"}, Files: sidecarFiles(t)}
			for i := range want.Files {
				want.Files[i].Line = tt.lines[i]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWholeInOtherFormats checks that JSON and TOML have all settings.
func TestWholeInOtherFormats(t *testing.T) {
	for path, content := range map[string]string{
		"config.json": `{"interval": "1s", "listen": "off",
  "registries": [{"registry": "public.ecr.aws", "passwordFile": "/a", "mode": "0600", "owner": 0, "group": "g"}],
  "kubernetes": {"secrets": [{"name": "s", "namespaces": ["*"], "registries": ["public.ecr.aws"], "adopt": true, "prune": false,
    "template": {"data": {"p": "${password}"}}}], "lease": {"disabled": true}}}`,
		"config.toml": `interval = "1s"
listen = "off"
[[registries]]
registry = "public.ecr.aws"
passwordFile = "/a"
mode = 0o600
owner = 0
group = "g"
[kubernetes.lease]
disabled = true
[[kubernetes.secrets]]
name = "s"
namespaces = [
  "*", # all
]
registries = ["public.ecr.aws"]
adopt = true
prune = false
template.data.p = "${password}"
`,
		"config.yaml": `interval: 1s
listen: off
registries:
- {registry: public.ecr.aws, passwordFile: /a, mode: 0o600, owner: 0, group: g}
kubernetes:
  secrets:
  - name: s
    namespaces: ["*"]
    registries: [public.ecr.aws]
    adopt: true
    prune: false
    template:
      data:
        p: ${password}
  lease: {disabled: true}
`,
	} {
		t.Run(path, func(t *testing.T) {
			got, err := Parse(path, []byte(content))
			if err != nil {
				t.Fatal(err)
			}
			login := refresh.Login{Registry: mustRegistry(t, "public.ecr.aws")}
			want := &Config{
				Path: path, Interval: time.Second, Lease: Lease{Name: "ecr-token-refresh", Disabled: true},
				Files: []File{{Path: "/a", Login: login, Mode: pointer(0o600), Owner: "0", Group: "g", Line: got.Files[0].Line}},
				Secrets: []secret.Rule{{Name: "s", Namespaces: []string{"*"}, Logins: []refresh.Login{login}, Adopt: true,
					Form: secret.Form{Type: "Opaque", Data: map[string]string{"p": "${password}"}}}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLegacy checks which entries keep the mode and the owner of a file.
func TestLegacy(t *testing.T) {
	for entry, want := range map[string]bool{
		"registryId: 123456789012\n  region: us-west-2\n  passwordFile: /a":                         true,
		"registryId: 123456789012\n  region: us-west-2\n  passwordFile: /a\n  mode: 0600":           false,
		"registryId: 123456789012\n  region: us-west-2\n  passwordFile: /a\n  profile: x":           false,
		"registryId: 123456789012\n  region: us-west-2\n  dockerConfig: /a":                         false,
		"registry: " + host + "\n  passwordFile: /a":                                                false,
		"registry: " + host + "\n  profile: x\n  passwordFile: /a":                                  false,
		"passwordFile: /a\n  dockerConfig: /b\n  region: us-west-2\n  registryId: \"123456789012\"": false,
	} {
		c, err := Parse("config.yaml", []byte("interval: 1h\nregistries:\n- "+entry+"\n"))
		if err != nil {
			t.Errorf("%s: %v", entry, err)
		} else if c.Files[0].Legacy != want {
			t.Errorf("%s: Legacy = %v, want %v", entry, c.Files[0].Legacy, want)
		}
	}
}

func TestModes(t *testing.T) {
	for text, want := range map[string]fs.FileMode{
		`"0640"`: 0o640, "0640": 0o640, "0o640": 0o640, `"0o640"`: 0o640, "0444": 0o444, "'0400'": 0o400, "00644": 0o644, `"0777"`: 0o777,
	} {
		c, err := Parse("config.yaml", []byte("interval: 1h\nregistries:\n- {registry: public.ecr.aws, passwordFile: /a, mode: "+text+"}\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := *c.Files[0].Mode; got != want {
			t.Errorf("%s: got %o, want %o", text, got, want)
		}
	}
}

func TestListen(t *testing.T) {
	for text, want := range map[string]string{
		`":3277"`: ":3277", ":80": ":80", "off": "", "'off'": "", "0.0.0.0:3277": "0.0.0.0:3277", `"[::1]:0"`: "[::1]:0", "localhost:3277": "localhost:3277",
	} {
		c, err := Parse("config.yaml", []byte("listen: "+text+"\n"+sidecar))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if c.Listen != want {
			t.Errorf("%s: got %q, want %q", text, c.Listen, want)
		}
	}
}
