package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ecrlogin/internal/awstest"
)

// roundTrip is the time of a round trip of the slow network, and slowRuns the number of runs of each program via it.
const (
	roundTrip = 50 * time.Millisecond
	slowRuns  = 11
)

// An identity is a source of AWS credentials. The environment returns the variables that select it.
type identity struct {
	name        string
	target      [2]string // of the time relative to a miss without an early connection, by proxy and direct; "" for no row
	environment func(b *bench, home string) ([]string, error)
}

var identities = []identity{
	{name: "keys", environment: func(*bench, string) ([]string, error) { return keys, nil }},
	{name: "role", target: [2]string{"≤ 0.65", "≤ 0.68"}, environment: (*bench).roleProfile},
	{name: "web identity", target: [2]string{"≤ 0.65", "≤ 0.68"}, environment: (*bench).webIdentity},
	{name: "SSO", environment: (*bench).sso},
	{name: "IMDS", environment: (*bench).instance},
}

// A path is a way from a program to the stand-in, via a link with one round trip time.
type path struct {
	name        string
	environment []string
	close       func()
}

// roundTrips measures misses with each identity via a slow network, by proxy and direct. It compares them with misses
// with AWS_CA_BUNDLE, which have no early connection to the API of Amazon ECR.
func (b *bench) roundTrips(t *table) error {
	for way, open := range []func(time.Duration) (path, error){b.byProxy, b.direct} {
		fast, err := open(0)
		if err != nil {
			return err
		}
		defer fast.close()
		slow, err := open(roundTrip)
		if err != nil {
			return err
		}
		defer slow.close()
		var programs []*program // for each identity: fast and slow network, each with and without an early connection
		for _, i := range identities {
			for _, p := range []path{fast, slow} {
				early, err := b.miss(i, p)
				if err != nil {
					return err
				}
				late := *early
				late.env = append(slices.Clone(early.env), "AWS_CA_BUNDLE="+b.bundle)
				programs = append(programs, early, &late)
			}
		}
		m, err := medians(slowRuns, programs...)
		if err != nil {
			return err
		}
		addRoundTrips(t, way, slow.name, m)
	}
	return nil
}

// addRoundTrips adds the rows for a proxy (way 0) or for direct connections (way 1). There are four times for each
// identity: on the fast network with and without an early connection, and on the slow network with and without one.
func addRoundTrips(t *table, way int, name string, m []time.Duration) {
	var names, early, late []string
	trips := func(slow, fast time.Duration) string {
		return fmt.Sprintf("%.1f", float64(slow-fast)/float64(roundTrip))
	}
	for n, i := range identities {
		took := m[4*n : 4*n+4]
		names = append(names, i.name)
		early, late = append(early, trips(took[2], took[0])), append(late, trips(took[3], took[1]))
		if i.target[way] != "" {
			what := fmt.Sprintf("miss with %s, round trip of %s, %s", i.name, roundTrip, name)
			t.add(what+", relative to one without an early connection (AWS_CA_BUNDLE)", ratio(took[2], took[3]), i.target[way])
		}
	}
	t.add(fmt.Sprintf("round trips of a miss, %s: %s", name, strings.Join(names, ", ")),
		fmt.Sprintf("%s; without an early connection: %s", strings.Join(early, ", "), strings.Join(late, ", ")), "")
}

// miss returns a get without a cache.
func (b *bench) miss(i identity, p path) (*program, error) {
	home, err := b.newHome()
	if err != nil {
		return nil, err
	}
	env, err := i.environment(b, home)
	if err != nil {
		return nil, err
	}
	return get(b.helper, host, slices.Concat([]string{
		"HOME=" + home, "SSL_CERT_FILE=" + b.bundle, "AWS_ECR_DISABLE_CACHE=1",
	}, p.environment, env)), nil
}

// byProxy opens a path via an HTTPS proxy behind a slow network.
func (b *bench) byProxy(roundTrip time.Duration) (path, error) {
	link, err := awstest.StartLink(b.cloud.Proxy, roundTrip)
	if err != nil {
		return path{}, err
	}
	return path{"by proxy", []string{"HTTPS_PROXY=http://" + link.Address}, link.Close}, nil
}

// direct opens paths to the endpoints of the services. Each has its own address, as in AWS, so that it needs its own
// connection.
func (b *bench) direct(roundTrip time.Duration) (path, error) {
	p := path{name: "direct"}
	var links []*awstest.Link
	p.close = func() {
		for _, l := range links {
			l.Close()
		}
	}
	for _, service := range []string{"ECR", "STS", "SSO"} {
		link, err := awstest.StartLink(b.cloud.SecureURL, roundTrip)
		if err != nil {
			p.close()
			return path{}, err
		}
		links = append(links, link)
		p.environment = append(p.environment, "AWS_ENDPOINT_URL_"+service+"=https://"+link.Address)
	}
	return p, nil
}

// roleProfile selects a profile that assumes a role with keys.
func (b *bench) roleProfile(home string) ([]string, error) {
	b.cloud.AllowRole(ruleRole)
	return profile(home, "role_arn = "+ruleRole+"\nsource_profile = base\nregion = us-west-2\n\n"+baseProfile)
}

// webIdentity selects a role that is assumed with an OIDC token.
func (b *bench) webIdentity(home string) ([]string, error) {
	b.cloud.AllowRole(ruleRole)
	file := filepath.Join(home, "token")
	return []string{"AWS_ROLE_ARN=" + ruleRole, "AWS_WEB_IDENTITY_TOKEN_FILE=" + file, "AWS_EC2_METADATA_DISABLED=true"},
		os.WriteFile(file, []byte(awstest.WebIdentityToken), 0o600)
}

// sso selects a role of IAM Identity Center, of a user who has logged in.
func (b *bench) sso(home string) ([]string, error) {
	if err := b.cloud.WriteSSOCache(home, "session", time.Now().Add(time.Hour)); err != nil {
		return nil, err
	}
	return profile(home, "sso_session = session\nsso_account_id = "+awstest.Account+"\nsso_role_name = pull\n\n"+
		"[sso-session session]\nsso_region = us-east-1\nsso_start_url = https://awstest.awsapps.com/start\n")
}

// instance selects the role of the EC2 instance. The metadata service is reached without the slow network, because it
// is on the same machine.
func (b *bench) instance(string) ([]string, error) {
	return []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + b.cloud.URL}, nil
}

// profile writes an AWS config file with a profile, and returns the variables that select it.
func profile(home, settings string) ([]string, error) {
	file := filepath.Join(home, "config")
	return []string{"AWS_CONFIG_FILE=" + file, "AWS_PROFILE=pull", "AWS_EC2_METADATA_DISABLED=true"},
		os.WriteFile(file, []byte("[profile pull]\n"+settings), 0o600)
}
