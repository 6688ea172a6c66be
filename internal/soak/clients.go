package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/timelimit"
)

// A client requests a password in one way.
type client struct {
	name  string
	path  string
	args  []string
	env   []string
	stdin string
	limit time.Duration // of the process
	parse func(answer []byte) (answer, error)

	want     awstest.IssuedToken // Region, Public and ARN of the token; an ARN of a session without the session's name
	optional bool                // there may be no password: ECR Public
	steady   bool                // see inSteady
}

// An answer is what a client reads from the response of the helper.
type answer struct {
	host, user, password string
	life                 time.Duration // how long the client uses the password without another request; 0 if once
}

// The hosts of the clients.
const (
	west    = awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com"
	fips    = awstest.Account + ".dkr.ecr-fips.us-west-2.amazonaws.com"
	ireland = awstest.Account + ".dkr.ecr.eu-west-1.amazonaws.com"
	other   = otherAccount + ".dkr.ecr.us-west-2.amazonaws.com"
	public  = "public.ecr.aws"
	alias   = "registry.example.com"
	logins  = "444455556666.dkr.ecr.us-west-2.amazonaws.com"
)

// The second key, and the role, of another account.
const (
	otherAccount = "210987654321"
	otherID      = "AKIAIOSFODNN7ANOTHER"
	otherSecret  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEOTHER"
	role         = "arn:aws:iam::" + otherAccount + ":role/pull"
)

// arnOf returns the ARN of the user of a key.
func arnOf(account string) string { return "arn:aws:iam::" + account + ":user/awstest" }

// session is the ARN of a session of the role, without its name.
const session = "arn:aws:sts::" + otherAccount + ":assumed-role/pull/"

// configuration selects the role for a registry and its alias. Its time limit and cache directory make routes necessary.
const configuration = "timeout: 6s\nregistries:\n- match: " + other + "\n  roleArn: " + role +
	"\n- match: " + alias + "\n  registry: " + other + "\n"

// home is the home directory of all clients. They use two cache directories: one that is damaged, and one that is not,
// which could grow.
func (g *gets) home() string   { return filepath.Join(g.dir, "home") }
func (g *gets) cache() string  { return filepath.Join(g.dir, "cache", "ecr-login") }
func (g *gets) steady() string { return filepath.Join(g.dir, "cache", "steady") }
func (g *gets) temp() string   { return filepath.Join(g.dir, "tmp") }

// inSteady returns the client with the cache directory that is not damaged.
func (g *gets) inSteady(c client) client {
	c.steady, c.env = true, append(slices.Clone(c.env), "AWS_ECR_CACHE_DIR="+g.steady())
	return c
}

// environ returns the environment of a client.
func (g *gets) environ(more ...string) []string {
	return append([]string{
		"HOME=" + g.home(),
		"TMPDIR=" + g.temp(),
		"AWS_ECR_CACHE_DIR=" + g.cache(),
		"PATH=/usr/bin:/bin",
		"HTTPS_PROXY=" + g.cloud.Proxy,
		"SSL_CERT_FILE=" + g.cloud.CAFile,
		"AWS_EC2_METADATA_DISABLED=true",
	}, more...)
}

var (
	keys      = []string{"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey}
	otherKeys = []string{"AWS_ACCESS_KEY_ID=" + otherID, "AWS_SECRET_ACCESS_KEY=" + otherSecret}
)

// newClients returns the clients, after it has written their files.
func (g *gets) newClients() ([]client, error) {
	g.cloud.AddKey(awstest.Key{ID: otherID, Secret: otherSecret, Account: otherAccount})
	g.cloud.AllowRole(role)
	config, aws := filepath.Join(g.dir, "ecr-login.yaml"), filepath.Join(g.dir, "aws-config")
	oidc, process := filepath.Join(g.dir, "oidc-token"), filepath.Join(g.dir, "process.json")
	for file, content := range map[string]string{
		config:  configuration,
		oidc:    awstest.WebIdentityToken,
		aws:     "[profile process]\ncredential_process = cat " + process + "\n",
		process: fmt.Sprintf(`{"Version":1,"AccessKeyId":%q,"SecretAccessKey":%q}`, otherID, otherSecret),
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	for _, dir := range []string{g.home(), g.temp(), filepath.Dir(g.cache())} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
	}
	configured := append(slices.Clone(keys), "ECR_LOGIN_CONFIG="+config)
	own, others := arnOf(awstest.Account), arnOf(otherAccount)
	all := []client{
		g.docker("keys", west, own, keys...),
		g.docker("keys, other region", ireland, own, keys...),
		g.docker("keys, other registry of the region", other, own, keys...),
		g.docker("keys, FIPS endpoint", fips, own, keys...),
		g.docker("other keys", west, others, otherKeys...),
		g.docker("role of a rule", other, session, configured...).within(6 * time.Second),
		g.docker("alias", alias, session, configured...).within(6 * time.Second),
		g.docker("timeout of 4 s", west, own, append(slices.Clone(keys), timelimit.Variable+"=4s")...).within(4 * time.Second),
		g.docker("web identity", ireland, session, "AWS_ROLE_ARN="+role, "AWS_WEB_IDENTITY_TOKEN_FILE="+oidc),
		g.docker("credential_process", ireland, others, "AWS_CONFIG_FILE="+aws, "AWS_PROFILE=process"),
		g.docker("ECR Public", public, own, keys...).ofPublic(),
		g.kubelet("kubelet", west, own, keys...),
		g.kubelet("kubelet with a configuration", alias, session, configured...).within(6 * time.Second),
	}
	for i, c := range all {
		all[i].want.Region = "us-west-2"
		if c.stdin == ireland {
			all[i].want.Region = "eu-west-1"
		}
		if c.optional {
			all[i].want.Region, all[i].want.Public = "us-east-1", true
		}
	}
	return all, nil
}

// docker returns a client that requests the password of a host in Docker's protocol.
func (g *gets) docker(name, host, arn string, env ...string) client {
	return client{
		name: name, path: g.helper, args: []string{"get"}, env: g.environ(env...), stdin: host,
		limit: timelimit.Default, want: awstest.IssuedToken{ARN: arn}, parse: func(text []byte) (a answer, err error) {
			var response struct{ ServerURL, Username, Secret string }
			err = json.Unmarshal(text, &response)
			if err == nil && response.ServerURL != host {
				err = fmt.Errorf("a password for %q instead of %q", response.ServerURL, host)
			}
			return answer{response.ServerURL, response.Username, response.Secret, 0}, err
		},
	}
}

// kubelet returns a client that requests the password of an image of a host in the kubelet's protocol.
func (g *gets) kubelet(name, host, arn string, env ...string) client {
	request := `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1",` +
		`"image":"` + host + `/app:v1"}`
	return client{
		name: name, path: g.provider, env: g.environ(env...), stdin: request,
		limit: timelimit.Default, want: awstest.IssuedToken{ARN: arn}, parse: func(text []byte) (a answer, err error) {
			var response struct {
				CacheDuration string
				Auth          map[string]struct{ Username, Password string }
			}
			if err := json.Unmarshal(text, &response); err != nil {
				return answer{}, err
			}
			life, err := time.ParseDuration(response.CacheDuration)
			if auth, ok := response.Auth[host]; ok && len(response.Auth) == 1 {
				return answer{host, auth.Username, auth.Password, life}, err
			}
			return answer{}, errors.New("no password, or several")
		},
	}
}

// within returns the client with a time limit that its environment or configuration sets.
func (c client) within(limit time.Duration) client {
	c.limit = limit
	return c
}

// ofPublic returns the client for ECR Public.
func (c client) ofPublic() client {
	c.optional = true
	return c
}
