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
	"ecrlogin/internal/oneline"
)

// answers sends requests to a registry with the token.
type answers struct {
	client *http.Client
	host   string            // including the port
	token  credentials.Token // zero for anonymous requests
	wanted bool              // whether the registry requested the token, which is not sent before
	bearer string            // token from the registry's token exchange; "" if it accepts the ECR token directly
}

// An answer is the response of a registry.
type answer struct {
	status  int
	kind    string // Content-Type
	message string // its error message, "" for none
}

// newAnswers returns a client that trusts the system's certificate authorities and AWS_CA_BUNDLE, as the AWS SDK does.
// It uses the proxies of the environment.
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
		// The token is only for this host, and no expected response is a redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ask sends a request, and sends it again with the token if the registry requests authentication. Amazon ECR accepts
// the token as a password. Amazon ECR Public exchanges it for another token first. The token is not sent to another
// host, even if the registry requests it as Docker Hub does, because an alias may lead to a registry of another
// provider.
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

// maxAnswer is the maximum size of a response in bytes. Errors have some hundred bytes, tokens some thousand.
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

// exchange gets a bearer token for the ECR token. It sends the ECR token only to the registry itself.
// Source: https://distribution.github.io/distribution/spec/auth/token/
func (a *answers) exchange(ctx context.Context, challenge string) (string, error) {
	values := url.Values{}
	for _, m := range parameter.FindAllStringSubmatch(challenge, -1) {
		values.Set(m[1], m[2])
	}
	u, err := url.Parse(values.Get("realm"))
	if err != nil || u.Scheme != "https" || u.Host != a.host {
		return "", fmt.Errorf("%s requests the password for another host", a.host)
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
	return "", errors.New(a.host + " returned no token for the password (status " + http.StatusText(resp.StatusCode) + ")")
}

// words returns the first error message of a response in the format of the OCI distribution specification, shortened.
func (a *answers) words(body []byte) string {
	var said struct {
		Errors []struct{ Message string } `json:"errors"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.Errors) == 0 {
		return ""
	}
	return a.safe(oneline.Text(said.Errors[0].Message))
}

// safe returns text from or about a response, or credentials.Withheld if it contains the password in any form, or what
// may be an Authorization header: some servers and proxies repeat the request in their errors.
func (a *answers) safe(text string) string {
	lower := strings.ToLower(text)
	if credentials.Reveals(text, a.token.Password, a.bearer) || strings.Contains(lower, "authorization:") || strings.Contains(lower, "authorization=") {
		return credentials.Withheld
	}
	return text
}
