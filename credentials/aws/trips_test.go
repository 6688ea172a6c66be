package aws_test

import (
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/awstest"
)

// The number of sequential round trips of a token, with the early connection and without it (the SDK's client has
// none). Each connection takes 3 (TCP, CONNECT, TLS), or 2 without a proxy, and each request 1. The metadata service is
// near, so its requests do not count.
func TestRoundTrips(t *testing.T) {
	const role = "arn:aws:iam::210987654321:role/pull"
	cloud.AllowRole(role)
	const base = "[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey + "\n"
	const sso = "sso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\n" +
		"sso_region = us-east-1\nsso_start_url = https://corp.test/start\n"
	for _, tt := range []struct {
		name                 string
		id                   credentials.Identity
		setUp                func(*machine)
		proxy, before        int
		direct, directBefore int
	}{
		{"keys", credentials.Identity{Profile: "base"}, func(m *machine) { m.config(base) }, 4, 4, 3, 3},
		{"role", credentials.Identity{Profile: "base", RoleARN: role}, func(m *machine) { m.config(base) }, 5, 8, 4, 6},
		{"web identity", credentials.Identity{}, func(m *machine) {
			m.env("AWS_ROLE_ARN", role)
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
		}, 5, 8, 4, 6},
		{"SSO", credentials.Identity{Profile: "dev"}, func(m *machine) {
			m.config("[profile dev]\n" + sso)
			m.sso("corp", time.Hour)
		}, 5, 8, 4, 6},
		{"SSO to be refreshed", credentials.Identity{Profile: "dev"}, func(m *machine) {
			m.config("[profile dev]\n" + sso)
			m.sso("corp", -time.Hour)
		}, 6, 12, 5, 9},
		{"SSO and role", credentials.Identity{Profile: "dev", RoleARN: role}, func(m *machine) {
			m.config("[profile dev]\n" + sso)
			m.sso("corp", time.Hour)
		}, 6, 12, 5, 9},
		{"EC2 metadata", credentials.Identity{}, func(m *machine) { m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL) }, 4, 4, 3, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			child := func(env ...string) func() string {
				return func() string {
					tt.setUp(m)
					return m.child(tt.id, env...)
				}
			}
			const roundTrip = 40 * time.Millisecond
			proxy := awstest.NewLink(t, cloud.Proxy, roundTrip)
			proxied := "HTTPS_PROXY=http://" + proxy.Address
			m.trips("by proxy", proxy, tt.proxy, child(proxied))
			m.trips("by proxy, SDK's client", proxy, tt.before, child(proxied, "AWS_CA_BUNDLE="+cloud.CAFile))

			direct := awstest.NewLink(t, cloud.SecureURL, roundTrip)
			_, port, _ := strings.Cut(direct.Address, ":")
			endpoints := []string{
				"AWS_ENDPOINT_URL_ECR=https://" + direct.Address,
				"AWS_ENDPOINT_URL_STS=https://localhost:" + port, // another host, hence another connection
				"AWS_ENDPOINT_URL_SSO_OIDC=https://localhost:" + port,
				"AWS_ENDPOINT_URL_SSO=https://[::ffff:127.0.0.1]:" + port,
			}
			m.trips("direct", direct, tt.direct, child(endpoints...))
			m.trips("direct, SDK's client", direct, tt.directBefore, child(append(endpoints, "AWS_CA_BUNDLE="+cloud.CAFile)...))
		})
	}
}

// trips checks the number of round trips of a token in another process. A machine that is busy can add round trips but
// cannot remove any, so the least of some attempts counts.
func (m *machine) trips(what string, l *awstest.Link, want int, token func() string) {
	m.t.Helper()
	least := 1000
	for range 5 {
		l.ResetTrips()
		began := time.Now()
		if problem := token(); problem != "" {
			m.t.Fatalf("%s: %s", what, problem)
		}
		took := time.Since(began).Round(time.Millisecond)
		if least = min(least, l.Trips()); least <= want {
			m.t.Logf("%s: %d round trips, %s", what, least, took)
			break
		}
	}
	if least != want {
		m.t.Errorf("%s: %d round trips, want %d", what, least, want)
	}
}
