package cache_test

import (
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// An issuer is an OpenID Connect provider, as of a CI service, that the stand-in trusts.
type issuer struct {
	t   *testing.T
	key *rsa.PrivateKey
	jti int
}

func newIssuer(t *testing.T, cloud *awstest.Server) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cloud.TrustIssuer(&key.PublicKey)
	return &issuer{t: t, key: key}
}

// token returns a new token.
func (i *issuer) token(subject string) string {
	i.t.Helper()
	i.jti++
	token, err := awstest.SignIDToken(i.key, map[string]any{
		"iss": "https://ci.example.com", "sub": subject, "aud": []string{"sts.amazonaws.com"},
		"jti": i.jti, "exp": time.Now().Add(time.Duration(i.jti) * time.Hour).Unix(),
	})
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

// CI jobs of one user with the same variables, but different subjects in the token file, do not share tokens. A new
// token for the same subject sends no request.
func TestJobsNeverShare(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]func(m *machine){
		"variables": func(m *machine) {
			m.env["AWS_ROLE_ARN"], m.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = role, m.file("token", "")
		},
		"profile": func(m *machine) {
			m.env["AWS_PROFILE"] = "dev"
			m.config("[profile dev]\nrole_arn = " + role + "\nweb_identity_token_file = " + m.file("token", "") + "\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			i := newIssuer(t, m.cloud)
			for _, subject := range []string{"repo:app", "repo:site"} {
				m.cloud.AllowRoleForSubject(role, subject, "sts.amazonaws.com")
			}
			setup(m)
			job := func(subject string) string {
				t.Helper()
				m.file("token", i.token(subject))
				return m.password(host)
			}
			app := job("repo:app")
			m.called(1)
			site := job("repo:site")
			m.called(1)
			if app == site {
				t.Error("the second job got the token of the first one")
			}
			m.cloud.ResetCalls()
			if job("repo:app") != app || job("repo:site") != site {
				t.Error("a new token for the same subject is another identity")
			}
			if calls := m.cloud.Calls(); len(calls) != 0 {
				t.Errorf("a new token for the same subject: %v", calls)
			}
			m.file("token", i.token("repo:denied"))
			m.get(host).failed()
			m.called(0)
		})
	}
}

// Pods with EKS Pod Identity that share a cache directory, but not a service account, do not share tokens.
func TestPodsNeverShare(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	i := newIssuer(t, m.cloud)
	m.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = m.cloud.URL + "/container"
	m.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = m.file("token", i.token("system:serviceaccount:team:app"))
	app := m.password(host)
	m.called(1)
	m.file("token", i.token("system:serviceaccount:team:app"))
	if m.password(host) != app {
		t.Error("a new token for the same service account is another identity")
	}
	m.called(0)
	m.file("token", i.token("system:serviceaccount:other:app"))
	if m.password(host) == app {
		t.Error("another service account got the token of the first one")
	}
	m.called(1)
}

// A result is cached if the token file is replaced while the token is requested, by a token for the same subject only.
func TestTokenFileChangesDuringGet(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	i := newIssuer(t, m.cloud)
	for _, subject := range []string{"repo:app", "repo:site"} {
		m.cloud.AllowRoleForSubject(role, subject, "sts.amazonaws.com")
	}
	m.env["AWS_ROLE_ARN"], m.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = role, m.file("token", i.token("repo:app"))
	g := m.gate()
	for _, subject := range []string{"repo:app", "repo:site"} {
		m.file("token", i.token("repo:app"))
		g.shut()
		p := m.start("get", host)
		g.wait()
		m.file("token", i.token(subject))
		g.open()
		first := p.wait().quiet().password()
		m.file("token", i.token("repo:app"))
		if cached := m.password(host) == first; cached != (subject == "repo:app") {
			t.Errorf("a token for %s: cached: %v", subject, cached)
		}
		m.run("erase", host)
	}
}
