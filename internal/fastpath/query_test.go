package fastpath

import (
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/store"
)

func TestNewQuery(t *testing.T) {
	for args, want := range map[string]query{
		"docker-credential-ecr-login get":                                  {},
		"/usr/bin/docker-credential-ecr-login get":                         {},
		"docker-credential-ecr-login kubelet":                              {kubelet: true},
		"docker-credential-ecr-login kubelet --config=a=b get-credentials": {kubelet: true, config: "a=b"},
		"ecr-credential-provider":                                          {kubelet: true},
		"/opt/bin/ecr-credential-provider get-credentials":                 {kubelet: true},
		"ecr-credential-provider.exe --config=/etc/c --role-arn=arn":       {kubelet: true, config: "/etc/c"},
		"ecr-credential-provider --config=":                                {kubelet: true},
	} {
		q, ok := newQuery(strings.Fields(args), nil)
		if !ok || q.kubelet != want.kubelet || q.config != want.config {
			t.Errorf("%s: %+v, %v", args, q, ok)
		}
	}
	for _, args := range []string{
		"", "docker-credential-ecr-login", "docker-credential-ecr-login list", "docker-credential-ecr-login get get",
		"docker-credential-ecr-login --config=c kubelet", "docker-credential-ecr-login kubelet kubelet",
		"ecr-credential-provider get", "ecr-credential-provider kubelet", "ecr-credential-provider version",
		"ecr-credential-provider --config c", "ecr-credential-provider --config", "ecr-credential-provider -config=c",
		"ecr-credential-provider --config=c --config=d", "ecr-credential-provider get-credentials get-credentials",
		"ecr-credential-provider get-credentials=", "ecr-credential-provider --role-arn=a --role-arn=a",
		"ecr-credential-provider -- --config=c", "ecr-credential-provider --help",
	} {
		if q, ok := newQuery(strings.Fields(args), nil); ok {
			t.Errorf("%s: %+v", args, q)
		}
	}
}

// A value that encoding/json would escape, and a token that has expired in the meantime, are left to the slow path.
func TestEncode(t *testing.T) {
	issued := time.Unix(1_800_000_000, 0)
	valid := store.Entry{Username: "AWS", Password: "eyJ+/=", Issued: issued.Unix(), Expiry: issued.Unix() + 43200}
	for _, q := range []query{{host: "a.example.com"}, {host: "a.example.com", kubelet: true, version: "v1"}} {
		if answer, ok := q.encode(valid, issued); !ok || !strings.Contains(string(answer), `"a.example.com"`) {
			t.Errorf("encode = %s, %v", answer, ok)
		}
		if _, ok := q.encode(valid, issued.Add(12*time.Hour)); ok {
			t.Error("an expired token was encoded")
		}
		for _, s := range []string{`"`, `\`, "<", ">", "&", "\x00", "\n", "\x7f", "é", "\u2028"} {
			user, password, host := valid, valid, q
			user.Username, password.Password, host.host = s, s, s
			_, ok := q.encode(user, issued)
			_, passwordOK := q.encode(password, issued)
			_, hostOK := host.encode(valid, issued)
			if ok || passwordOK || hostOK {
				t.Errorf("%q was encoded", s)
			}
		}
	}
}
