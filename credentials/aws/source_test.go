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
