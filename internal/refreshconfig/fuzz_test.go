package refreshconfig

import (
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/strictyaml"
)

// fuzz checks that no content of a file causes a panic, that every error is one line with a position, and that every
// configuration is valid.
func fuzz(f *testing.F, path string) {
	f.Fuzz(func(t *testing.T, content string) {
		c, err := Parse(path, []byte(content))
		if err == nil {
			checkConfig(t, c)
			if c.Interval < minInterval || c.Interval > maxInterval || len(c.Files)+len(c.Secrets) == 0 || c.Once || c.DefaultRegistry != "" {
				t.Errorf("accepted %+v", c)
			}
			return
		}
		e, ok := err.(*strictyaml.Error)
		if !ok || e.Line < 1 || e.Column < 1 {
			t.Fatalf("%#v", err)
		}
		checkLine(t, err)
	})
}

func checkLine(t *testing.T, err error) {
	for _, r := range err.Error() {
		if r < ' ' {
			t.Errorf("more than a line: %q", err)
		}
	}
}

// checkConfig checks what readers of a Config rely on.
func checkConfig(t *testing.T, c *Config) {
	paths := map[string]bool{} // whether it is a Docker configuration
	for _, f := range c.Files {
		docker, seen := paths[f.Path]
		if !filepath.IsAbs(f.Path) || f.Login.Registry.Host == "" || f.Line < 1 || seen && (!docker || !f.DockerConfig) ||
			f.Mode != nil && (*f.Mode&^0o777 != 0 || *f.Mode&0o400 == 0 || f.Legacy) {
			t.Errorf("accepted %+v", f)
		}
		paths[f.Path] = f.DockerConfig
	}
	for _, r := range c.Secrets {
		if err := r.Form.Check(len(r.Logins)); err != nil {
			t.Errorf("accepted %+v: %v", r, err)
		}
		if checkName(r.Name) != nil || len(r.Namespaces) == 0 && r.Selector == "" || len(r.Logins) == 0 && c.DefaultRegistry == "" {
			t.Errorf("accepted %+v", r)
		}
	}
}

func FuzzParseYAML(f *testing.F) {
	for _, content := range []string{sidecar, whole, old("012"), entryOf("mode: 416")} {
		f.Add(content)
	}
	for _, tt := range mistakes {
		if len(tt.content) < 1000 {
			f.Add(tt.content)
		}
	}
	fuzz(f, "/config.yaml")
}

func FuzzParseJSON(f *testing.F) {
	f.Add(`{"Interval": "30m", "registries": [{"registryId": 123456789012, "region": "us-west-2", "passwordFile": "/a"}]}`)
	f.Add(`{"interval": "1s", "listen": "off", "kubernetes": {"lease": {"disabled": true}, "secrets": [{"name": "s",` +
		` "namespaces": ["*"], "registries": ["public.ecr.aws"], "adopt": true, "template": {"data": {"p": "${password}"}}}]}}`)
	f.Add("{\"a\": [1.5e3, null, false, \"\\ud800\\u0000\"],\n\t\"b\" : {} }")
	fuzz(f, "/config.json")
}

func FuzzParseTOML(f *testing.F) {
	f.Add("Interval = '30m'\n[[registries]]\nregistryId = 123456789012\nregion = 'us-west-2'\npasswordFile = \"\"\"/a\"\"\"\n")
	f.Add("interval = '30m'\n[kubernetes.lease]\ndisabled = true\n[[kubernetes.secrets]]\nname = 's'\nnamespaces = ['*', # a\n]\n" +
		"registries = ['public.ecr.aws']\ntemplate.data.p = '${password}'\n")
	f.Add("a = {b.c = [1, {d = 2026-01-02T03:04:05Z}]}\n[[a]]\n[a.b]\n[a.b]\n\"\\u00e9\".'' = inf\n")
	fuzz(f, "/config.toml")
}

func FuzzFromEnviron(f *testing.F) {
	f.Add("regcred", "team-*, default;a?\n", "kube-*", "https://"+host+",public.ecr.aws", "us-west-2")
	f.Add("a.b", "", "", "", "cn-north-1")
	f.Fuzz(func(t *testing.T, name, included, excluded, servers, region string) {
		c, err := FromEnviron(environ.Env{secretName + "=" + name, include + "=" + included, exclude + "=" + excluded,
			registries + "=" + servers, "AWS_REGION=" + region})
		if err != nil {
			checkLine(t, err)
			return
		}
		checkConfig(t, c)
		if !c.Once || len(c.Secrets) != 1 || (c.DefaultRegistry == "") == (len(c.Secrets[0].Logins) == 0) || c.DefaultRegistry != "" && c.DefaultRegistry != region {
			t.Errorf("accepted %+v", c)
		}
		for _, l := range c.Secrets[0].Logins {
			if l.Server != "" && !strings.Contains(strings.ToLower(l.Server), l.Registry.Host) {
				t.Errorf("accepted %+v", l)
			}
		}
	})
}
