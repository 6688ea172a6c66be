package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	"ecrlogin/credentials"
)

// answers asks a registry, as its holder with the token.
type answers struct {
	client *http.Client
	host   string            // with its port
	token  credentials.Token // none for anonymous requests
	wanted bool              // whether the registry has asked for the token; it is not sent before
	bearer string            // what the registry gave for the token, where it wants that; "" for the token itself
}

// An answer is what a registry said.
type answer struct {
	status  int
	kind    string // Content-Type
	message string // its own words about what went wrong, "" for none
}

// newAnswers trusts whom this system trusts and, as the AWS SDK, AWS_CA_BUNDLE. Proxies are those of the environment.
func newAnswers(host string, token credentials.Token) *answers {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if bundle, err := os.ReadFile(os.Getenv("AWS_CA_BUNDLE")); err == nil {
		roots.AppendCertsFromPEM(bundle)
	}
	return &answers{host: host, token: token, client: &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots}},
		// The token is for this host alone, and none of the answers that matter is a redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ask sends one request, and sends it again with the token when the registry wants one. Amazon ECR takes it as a
// password; ECR Public wants it exchanged for another first. A registry that wants it sent to another host, as Docker
// Hub does, is not Amazon's and never sees it: an alias may lead there.
func (a *answers) ask(ctx context.Context, method, path string, accept ...string) (answer, error) {
	u := &url.URL{Scheme: "https", Host: a.host, Path: path}
	got, challenge, err := a.send(ctx, method, u, accept)
	if err != nil || got.status != http.StatusUnauthorized || a.token.Password == "" || a.wanted {
		return got, err
	}
	if strings.HasPrefix(challenge, "Bearer ") {
		if a.bearer, err = a.exchange(ctx, challenge); err != nil {
			return answer{}, err
		}
	}
	a.wanted = true
	got, _, err = a.send(ctx, method, u, accept)
	return got, err
}

// maxAnswer bounds what is read of an answer, in bytes: an error has some hundred, a token some thousand.
const maxAnswer = 64 << 10

func (a *answers) send(ctx context.Context, method string, u *url.URL, accept []string) (got answer, challenge string, err error) {
	resp, err := a.do(ctx, method, u, accept)
	if err != nil {
		return answer{}, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, "", &url.Error{Op: method, URL: u.String(), Err: err}
	}
	got = answer{status: resp.StatusCode, kind: resp.Header.Get("Content-Type")}
	if got.status/100 != 2 {
		got.message = a.words(body)
	}
	return got, resp.Header.Get("Www-Authenticate"), nil
}

func (a *answers) do(ctx context.Context, method string, u *url.URL, accept []string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header["Accept"] = accept
	switch {
	case a.bearer != "":
		req.Header.Set("Authorization", "Bearer "+a.bearer)
	case a.wanted:
		req.SetBasicAuth(a.token.Username, a.token.Password)
	}
	return a.client.Do(req)
}

var parameter = regexp.MustCompile(`([a-z]+)="([^"]*)"`)

// exchange gets what a registry wants in place of the token, from itself alone: the token is for nobody else.
// Source: https://distribution.github.io/distribution/spec/auth/token/
func (a *answers) exchange(ctx context.Context, challenge string) (string, error) {
	values := url.Values{}
	for _, m := range parameter.FindAllStringSubmatch(challenge, -1) {
		values.Set(m[1], m[2])
	}
	u, err := url.Parse(values.Get("realm"))
	if err != nil || u.Scheme != "https" || u.Host != a.host {
		return "", fmt.Errorf("%s wants the password sent elsewhere", a.host)
	}
	values.Del("realm")
	u.RawQuery = values.Encode()
	a.wanted = true
	resp, err := a.do(ctx, http.MethodGet, u, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var given struct {
		Token  string `json:"token"`
		Access string `json:"access_token"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&given)
	if bearer := cmp.Or(given.Token, given.Access); resp.StatusCode == http.StatusOK && err == nil && bearer != "" {
		return bearer, nil
	}
	return "", errors.New(a.host + " gives no token for the password (status " + http.StatusText(resp.StatusCode) + ")")
}

// words returns what a registry says in the form of the OCI distribution specification, at a length that can be read.
func (a *answers) words(body []byte) string {
	var said struct {
		Errors []struct{ Message string } `json:"errors"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.Errors) == 0 {
		return ""
	}
	text := oneLine(said.Errors[0].Message)
	const longest = 400
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + " …"
	}
	return a.safe(text)
}

// safe returns words of the registry's or about its answer, or credentials.Withheld if they have the password, in any
// form, or what may be somebody's Authorization header: some servers and proxies repeat the request in their errors.
func (a *answers) safe(text string) string {
	lower := strings.ToLower(text)
	if credentials.Reveals(text, a.token.Password, a.bearer) || strings.Contains(lower, "authorization:") || strings.Contains(lower, "authorization=") {
		return credentials.Withheld
	}
	return text
}
