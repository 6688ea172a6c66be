package registry

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
)

// A vector is a line of testdata/registry-hosts.jsonl, which omits false and empty fields.
type vector struct {
	Host, Account, Region, Partition string
	FIPS, DualStack, Public          bool
}

func vectors(t testing.TB) []Registry {
	t.Helper()
	var all []Registry
	for _, line := range lines(t, "testdata/registry-hosts.jsonl") {
		var v vector
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("reading %s: %v", line, err)
		}
		all = append(all, Registry(v))
	}
	return all
}

// lines returns the lines of a file. An empty file fails the test, because no case would be checked.
func lines(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		all = append(all, sc.Text())
	}
	if len(all) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return all
}

func TestParseVectors(t *testing.T) {
	for _, want := range vectors(t) {
		for _, in := range []string{
			want.Host,
			"https://" + want.Host,
			"https://" + want.Host + "/",
			want.Host + ":443",
			"https://" + want.Host + ":8443/v2/",
			want.Host + "/team/app",
			want.Host + "/team/app:v1.2@sha256:0123456789abcdef",
			" \t" + want.Host + "\r\n",
			strings.ToUpper("https://" + want.Host + "/App"),
		} {
			got, err := Parse(in)
			if err != nil || got != want {
				t.Errorf("Parse(%q) = %+v, %v; want %+v", in, got, err, want)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	refused := append(lines(t, "testdata/not-registries.txt"),
		"",
		" ",
		"https://",
		"https:///210987654321.dkr.ecr.us-west-2.amazonaws.com",
		"https:210987654321.dkr.ecr.us-west-2.amazonaws.com",
		"//210987654321.dkr.ecr.us-west-2.amazonaws.com",
		"/210987654321.dkr.ecr.us-west-2.amazonaws.com",
		"https://https://210987654321.dkr.ecr.us-west-2.amazonaws.com",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com.",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com:",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com:0",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com:+443",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com:443:443",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com:latest",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com?x",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com/a b",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com/\x00",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com\n.example.com",
		"21098765\t4321.dkr.ecr.us-west-2.amazonaws.com",
		"210987654321.dkr.ecr.us-west.amazonaws.com",
		"210987654321.dkr.ecr.us-west-222.amazonaws.com",
		"210987654321.dkr.ecr.usa-west-2.amazonaws.com",
		"210987654321.dkr.ecr.us-iso-east-1.amazonaws.com",
		"210987654321.dkr.ecr.eusc-de-east-1.amazonaws.com",
		"210987654321.dkr.ecr.us-gov-west-1.c2s.ic.gov",
		"210987654321.dkr-ecr.cn-north-1.on.aws",
		"210987654321.dkr-ecr.us-iso-east-1.c2s.ic.gov",
		"210987654321.dkr-ecr.us-iso-east-1.",
		"210987654321.d\u212ar.ecr.us-west-2.amazonaws.com", // the Kelvin sign, whose lower case is an ASCII k
		"https://210987654321.d\u212aR-ecr.us-west-2.on.aws/v2/",
		"210987654321.dkr.ecr.u\u017f-west-2.amazonaws.com", // a long s, whose upper case is an ASCII S
		"public.ecr.aws:99999",
	)
	for _, in := range refused {
		if got, err := Parse(in); !errors.Is(err, ErrNotECR) || got != (Registry{}) {
			t.Errorf("Parse(%q) = %+v, %v; want ErrNotECR", in, got, err)
		}
	}
}

func TestParseAcceptsFutureRegions(t *testing.T) {
	for host, partition := range map[string]string{
		"210987654321.dkr.ecr.nz-central-1.amazonaws.com":         "aws",
		"210987654321.dkr.ecr.ap-southeast-12.amazonaws.com":      "aws",
		"210987654321.dkr-ecr.us-gov-north-1.on.aws":              "aws-us-gov",
		"210987654321.dkr.ecr.cn-southwest-3.amazonaws.com.cn":    "aws-cn",
		"210987654321.dkr.ecr-fips.us-iso-south-3.c2s.ic.gov":     "aws-iso",
		"210987654321.dkr.ecr.eusc-de-north-2.amazonaws.eu":       "aws-eusc",
		"210987654321.dkr.ecr.us-isob-middle-1.sc2s.sgov.gov":     "aws-iso-b",
		"210987654321.dkr-ecr-fips.me-underground-7.on.aws":       "aws",
		"210987654321.dkr.ecr.us-isof-nowhere-4.csp.hci.ic.gov":   "aws-iso-f",
		"210987654321.dkr.ecr.eu-isoe-somewhere-9.cloud.adc-e.uk": "aws-iso-e",
	} {
		if r, err := Parse(host); err != nil || r.Partition != partition {
			t.Errorf("Parse(%q) = %+v, %v; want partition %s", host, r, err, partition)
		}
	}
}

// Input may contain a password as the user information of a URL. The error does not repeat it.
func TestParseUserInformation(t *testing.T) {
	for _, in := range []string{"https://user:hunter2@210987654321.dkr.ecr.us-west-2.amazonaws.com", "user:hunter2@public.ecr.aws", "hunter2@public.ecr.aws:443/a", "https://user:hun/ter2@ghcr.io"} {
		_, err := Parse(in)
		if want := "not an Amazon ECR registry: user information is not supported in a host"; err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

// FuzzParse verifies the guarantee that the whole program relies on: for all accepted input, the host that a URL
// parser connects to is a complete ECR host name, and it is the host that Parse returned.
func FuzzParse(f *testing.F) {
	for _, r := range vectors(f) {
		f.Add(r.Host)
		f.Add("https://" + r.Host + ":443/app:v1")
	}
	for _, s := range lines(f, "testdata/not-registries.txt") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r, err := Parse(in)
		if err != nil {
			return
		}
		if again, err := Parse(r.Host); err != nil || again != r {
			t.Errorf("Parse(%q) = %+v, but parsing its host gives %+v, %v", in, r, again, err)
		}
		if !r.Public && r.Host != wholeName(r) {
			t.Errorf("Parse(%q) = %+v; its parts make %q", in, r, wholeName(r))
		}
		raw := strings.TrimSpace(in)
		if !strings.Contains(raw, "://") {
			raw = "https://" + raw
		}
		u, err := url.Parse(raw)
		if err != nil {
			return // no client connects to an invalid URL
		}
		if !strings.EqualFold(u.Hostname(), r.Host) || u.User != nil || u.Scheme != "https" {
			t.Errorf("Parse(%q) = %+v, but a URL parser takes it to %s://%s (user %v)", in, r, u.Scheme, u.Host, u.User)
		}
	})
}

// wholeName builds the host of a private registry from its parts, independently of Parse.
func wholeName(r Registry) string {
	service := "dkr.ecr"
	suffix := map[string]string{
		"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu",
		"aws-iso": "c2s.ic.gov", "aws-iso-b": "sc2s.sgov.gov", "aws-iso-e": "cloud.adc-e.uk", "aws-iso-f": "csp.hci.ic.gov",
	}[r.Partition]
	if r.DualStack {
		service = "dkr-ecr"
		suffix = map[string]string{"aws": "on.aws", "aws-us-gov": "on.aws", "aws-cn": "on.amazonwebservices.com.cn"}[r.Partition]
	}
	if r.FIPS {
		service += "-fips"
	}
	return strings.Join([]string{r.Account, service, r.Region, suffix}, ".")
}
