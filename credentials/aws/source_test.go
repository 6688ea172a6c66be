package aws_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// Each registry host leads to the API that the rules of the SDK define, as observed by the dialed name.
func TestTokenDialsTheAPIOfTheHost(t *testing.T) {
	f, err := os.Open("../../registry/testdata/registry-hosts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for sc := bufio.NewScanner(f); sc.Scan(); lines++ {
		var v struct{ Host, APIEndpoint string }
		if err := json.Unmarshal(sc.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		t.Run(v.Host, func(t *testing.T) {
			m := withKeys(t)
			m.env("AWS_REGION", "ap-southeast-1") // ignored, because the host contains the region
			m.mustToken(v.Host)
			if got := cloud.DialedHosts(); !slices.Equal(got, []string{v.APIEndpoint}) {
				t.Errorf("dialed %q, want only %s", got, v.APIEndpoint)
			}
		})
	}
	if lines == 0 {
		t.Fatal("no hosts to test")
	}
}

// A password from the Source is accepted by the registry that it was requested for.
func TestTokenOpensTheRegistry(t *testing.T) {
	for _, host := range []string{privateHost, "210987654321.dkr.ecr-fips.us-west-2.amazonaws.com", "210987654321.dkr-ecr.eu-west-3.on.aws"} {
		token := withKeys(t).mustToken(host)
		for password, want := range map[string]int{token.Password: 200, token.Password[1:]: 401} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+host+"/v2/", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(token.Username, password)
			resp, err := cloud.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s returned status %d, want %d", host, resp.StatusCode, want)
			}
		}
	}
}

func TestTokenFindsEveryKindOfIdentity(t *testing.T) {
	const role = "arn:aws:iam::210987654321:role/pull"
	const outer = "arn:aws:iam::210987654321:role/outer"
	cloud.AllowRole(role)
	cloud.AllowRole(outer)
	const base = "[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey + "\n"
	// jsonKeys is what a credential_process prints.
	const jsonKeys = `{"Version":1,"AccessKeyId":"` + awstest.KeyID + `","SecretAccessKey":"` + awstest.SecretKey + `"}`
	tests := []struct {
		name  string
		setUp func(m *machine)
		want  []awstest.Operation // before GetAuthorizationToken
	}{
		{"environment", func(m *machine) {
			m.env("AWS_ACCESS_KEY_ID", awstest.KeyID)
			m.env("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
			m.env("AWS_PROFILE", "base")
			m.config("[profile base]\nrole_arn = " + role + "\ncredential_source = Environment\n")
		}, nil},
		{"keys of a profile", func(m *machine) {
			m.env("AWS_PROFILE", "base")
			m.config(base)
		}, nil},
		{"default profile", func(m *machine) {
			m.config(strings.Replace(base, "profile base", "default", 1))
		}, nil},
		{"source_profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(base + "[profile dev]\nrole_arn = " + role + "\nsource_profile = base\nregion = eu-west-1\n")
		}, []awstest.Operation{awstest.AssumeRole}},
		{"source_profile chain", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(base + "[profile mid]\nrole_arn = " + outer + "\nsource_profile = base\n[profile dev]\nrole_arn = " + role + "\nsource_profile = mid\n")
		}, []awstest.Operation{awstest.AssumeRole, awstest.AssumeRole}},
		{"credential_source Ec2InstanceMetadata", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\ncredential_source = Ec2InstanceMetadata\n")
		}, []awstest.Operation{awstest.MetadataToken, awstest.Metadata, awstest.Metadata, awstest.AssumeRole}},
		{"sso_session", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
			m.sso("corp", time.Hour)
		}, []awstest.Operation{awstest.GetRoleCredentials}},
		{"sso_session to be refreshed", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
			m.sso("corp", -time.Hour)
		}, []awstest.Operation{awstest.CreateToken, awstest.GetRoleCredentials}},
		{"older sso keys", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\nsso_account_id = 210987654321\nsso_role_name = pull\n")
			m.sso("https://corp.test/start", time.Hour)
		}, []awstest.Operation{awstest.GetRoleCredentials}},
		{"credential_process", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\ncredential_process = cat " + m.file("keys.json", jsonKeys) + "\n")
		}, nil},
		{"credential_process as source_profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile base]\ncredential_process = cat " + m.file("keys.json", jsonKeys) + "\n[profile dev]\nrole_arn = " + role + "\nsource_profile = base\n")
		}, []awstest.Operation{awstest.AssumeRole}},
		{"credential_process at the end of a chain", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile base]\ncredential_process = cat " + m.file("keys.json", jsonKeys) + "\n[profile mid]\nrole_arn = " + outer +
				"\nsource_profile = base\n[profile dev]\nrole_arn = " + role + "\nsource_profile = mid\n")
		}, []awstest.Operation{awstest.AssumeRole, awstest.AssumeRole}},
		{"credential_process and a role in one profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\ncredential_process = cat " + m.file("keys.json", jsonKeys) + "\n")
		}, []awstest.Operation{awstest.AssumeRole}},
		{"web identity", func(m *machine) {
			m.env("AWS_ROLE_ARN", role)
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
		}, []awstest.Operation{awstest.AssumeRoleWithWebIdentity}},
		{"web identity of a profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nweb_identity_token_file = " + m.file("token", awstest.WebIdentityToken) + "\n")
		}, []awstest.Operation{awstest.AssumeRoleWithWebIdentity}},
		{"container endpoint", func(m *machine) {
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
		}, []awstest.Operation{awstest.ContainerCredentials}},
		{"Pod Identity endpoint", func(m *machine) {
			cloud.SetContainerToken("pod-token")
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
			m.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", m.file("pod", "pod-token"))
		}, []awstest.Operation{awstest.ContainerCredentials}},
		{"EC2 metadata", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
		}, []awstest.Operation{awstest.MetadataToken, awstest.Metadata, awstest.Metadata}},
	}
	check := func(t *testing.T, m *machine, want []awstest.Operation) {
		m.mustToken(privateHost)
		var got []awstest.Operation
		hosts := map[string]int{}
		for _, c := range cloud.Calls() {
			got = append(got, c.Op)
			if strings.HasPrefix(string(c.Op), "AssumeRole") && c.Host != "sts.us-west-2.amazonaws.com" {
				t.Errorf("%s was sent to %s, not to the registry's region", c.Op, c.Host)
			}
			if c.Proxied {
				hosts[c.Host] = 1
			}
		}
		if diff := cmp.Diff(append(want, awstest.GetAuthorizationToken), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if m.sdkClient {
			return // it has connections for each service
		}
		dialed := map[string]int{}
		for _, host := range cloud.DialedHosts() {
			dialed[host]++
		}
		if diff := cmp.Diff(hosts, dialed); diff != "" {
			t.Errorf("connections to each host (-want +got):\n%s", diff)
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			tt.setUp(m)
			check(t, m, tt.want)
		})
		t.Run(tt.name+" with a CA bundle", func(t *testing.T) {
			m := newMachine(t)
			m.trustBundle()
			tt.setUp(m)
			check(t, m, tt.want)
		})
	}
}

// sso writes the token file that "aws sso login" writes.
func (m *machine) sso(key string, expiresIn time.Duration) {
	m.t.Helper()
	if err := cloud.WriteSSOCache(m.home, key, time.Now().Add(expiresIn)); err != nil {
		m.t.Fatal(err)
	}
}

// For a FIPS or dual-stack host, the role is assumed at the standard STS endpoint: only ECR is known to have variants.
func TestTokenKeepsVariantsToECR(t *testing.T) {
	m := newMachine(t)
	cloud.AllowRole("arn:aws:iam::210987654321:role/pull")
	m.env("AWS_PROFILE", "dev")
	m.config("[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey +
		"\n[profile dev]\nrole_arn = arn:aws:iam::210987654321:role/pull\nsource_profile = base\n")
	m.mustToken("210987654321.dkr-ecr-fips.us-west-2.on.aws")
	want := []string{"ecr-fips.us-west-2.api.aws", "sts.us-west-2.amazonaws.com"} // opened at the same time
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(cloud.DialedHosts()))); diff != "" {
		t.Errorf("dialed (-want +got):\n%s", diff)
	}
}

// A custom endpoint is used without FIPS and dual stack, because the SDK rejects the combination.
func TestTokenHonoursCustomEndpoints(t *testing.T) {
	for name, setUp := range map[string]func(m *machine){
		"AWS_ENDPOINT_URL":            func(m *machine) { m.env("AWS_ENDPOINT_URL", cloud.URL) },
		"AWS_ENDPOINT_URL_ECR":        func(m *machine) { m.env("AWS_ENDPOINT_URL_ECR", cloud.URL) },
		"AWS_ENDPOINT_URL with FIPS":  func(m *machine) { m.env("AWS_ENDPOINT_URL", cloud.URL); m.env("AWS_USE_FIPS_ENDPOINT", "true") },
		"endpoint_url of the profile": func(m *machine) { m.config("[default]\nendpoint_url = " + cloud.URL + "\n") },
		"endpoint_url of the service": func(m *machine) {
			m.config("[default]\nservices = here\n[services here]\necr =\n  endpoint_url = " + cloud.URL + "\n")
		},
	} {
		for _, host := range []string{privateHost, "210987654321.dkr.ecr-fips.us-west-2.amazonaws.com", "210987654321.dkr-ecr.us-west-2.on.aws"} {
			t.Run(name+"/"+host, func(t *testing.T) {
				m := withKeys(t)
				setUp(m)
				m.mustToken(host)
				if got := cloud.DialedHosts(); len(got) != 0 {
					t.Errorf("sent via the proxy to %q", got)
				}
			})
		}
	}
	t.Run("ECR Public", func(t *testing.T) {
		m := withKeys(t)
		m.env("AWS_ENDPOINT_URL_ECR_PUBLIC", cloud.URL)
		m.mustToken("ecr-public.aws.com")
		if got := cloud.DialedHosts(); len(got) != 0 {
			t.Errorf("sent via the proxy to %q", got)
		}
	})
}

// Transient errors are retried.
func TestTokenRetries(t *testing.T) {
	for name, fault := range map[string]awstest.Fault{
		"throttling":     {Op: awstest.GetAuthorizationToken, Times: 1, Status: 400, Type: "ThrottlingException", Message: "Rate exceeded"},
		"server error":   {Op: awstest.GetAuthorizationToken, Times: 1, Status: 500, Type: "ServerException"},
		"unavailable":    {Op: awstest.GetAuthorizationToken, Times: 1, Status: 503},
		"a proxy's page": {Op: awstest.GetAuthorizationToken, Times: 1, Status: 502, Body: "<html>bad gateway</html>", ContentType: "text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			m := withKeys(t)
			cloud.Inject(fault)
			m.mustToken(privateHost)
			if n := cloud.Count(awstest.GetAuthorizationToken); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	}
}

// The expiry is the earlier of the expiration in the password and expiresAt of the API.
func TestTokenExpiryIsTheEarlier(t *testing.T) {
	withKeys(t)
	inAnHour := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	inTwo := inAnHour.Add(time.Hour)
	for name, tt := range map[string]struct{ expiresAt, expiration, want time.Time }{
		"password first": {inTwo, inAnHour, inAnHour},
		"API first":      {inAnHour, inTwo, inAnHour},
		"no expiresAt":   {time.Time{}, inTwo, inTwo},
	} {
		t.Run(name, func(t *testing.T) {
			m := withKeys(t)
			cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Body: answer("AWS:"+password(tt.expiration), tt.expiresAt)})
			token, err := m.token(privateHost)
			if err != nil {
				t.Fatal(err)
			}
			if !token.Expiry.Equal(tt.want) {
				t.Errorf("expiry %s, want %s", token.Expiry, tt.want)
			}
		})
	}
}

// The log contains each step and no secrets.
func TestTokenLogs(t *testing.T) {
	m := newMachine(t)
	cloud.AllowRole("arn:aws:iam::210987654321:role/pull")
	m.env("AWS_PROFILE", "dev")
	m.config("[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey +
		"\n[profile dev]\nrole_arn = arn:aws:iam::210987654321:role/pull\nsource_profile = base\n")
	var log bytes.Buffer
	source := &aws.Source{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	r, err := registry.Parse(privateHost)
	if err != nil {
		t.Fatal(err)
	}
	token, err := source.Token(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sts.us-west-2.amazonaws.com", "AssumeRole", "api.ecr.us-west-2.amazonaws.com", "GetAuthorizationToken", `profile \"dev\" via profile \"base\"`, "took="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not contain %s:\n%s", want, log.String())
		}
	}
	for _, secret := range []string{token.Password, awstest.SecretKey} {
		if strings.Contains(log.String(), secret) {
			t.Error("the log contains a secret")
		}
	}
	var files []string
	err = filepath.WalkDir(m.home, func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, m.home))
		}
		return err
	})
	if diff := cmp.Diff([]string{"/.aws/config"}, files); err != nil || diff != "" {
		t.Errorf("a log was written to a file? %v (-want +got):\n%s", err, diff)
	}
}

// A fast API may respond before net/http has seen the end of the request. With a body of the SDK, about one in a
// hundred requests then failed, because net/http closed the connection.
func TestTokenWithFastResponses(t *testing.T) {
	m := withKeys(t)
	for range 1000 {
		m.mustToken(privateHost)
	}
}
