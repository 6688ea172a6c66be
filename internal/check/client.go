package check

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"ecrlogin/credentials"
	"ecrlogin/internal/oneline"
)

// A client sends requests to a registry with a token.
type client struct {
	http          *http.Client
	host          string            // including the port
	token         credentials.Token // zero for anonymous requests
	authorization string            // the header; "" until the registry requests it
}

// newClient returns a client that trusts the system's certificate authorities and those in a file, as the AWS SDK does
// with AWS_CA_BUNDLE. It uses the proxies of the environment.
func newClient(host string, token credentials.Token, bundle string) *client {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if pem, err := os.ReadFile(bundle); err == nil {
		roots.AppendCertsFromPEM(pem)
	}
	return &client{host: host, token: token, http: &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots}},
		// The token is only for this host, and no expected response is a redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// A response is the part of a registry's HTTP response that the checks use.
type response struct {
	status    int
	challenge string // how to authenticate
	body      []byte // at most maxResponse bytes
	message   string // its error message, "" for none
}

// String returns the status and the message, to be appended to a sentence.
func (r response) String() string {
	if r.message == "" {
		return fmt.Sprintf(" (status %d)", r.status)
	}
	return fmt.Sprintf(" (status %d): %s", r.status, r.message)
}

// do sends a request, and sends it again with the token if the registry requests authentication. Amazon ECR accepts
// the token as a password. Amazon ECR Public exchanges it for another token first, and returns one that can only read
// if there is no password. The token is not sent to another host, even if the registry requests it as Docker Hub does,
// because an alias may lead to a registry of another provider.
func (c *client) do(ctx context.Context, method, path string, accept ...string) (response, error) {
	u := &url.URL{Scheme: "https", Host: c.host, Path: path}
	got, err := c.send(ctx, method, u, accept)
	exchanges, anonymous := strings.HasPrefix(got.challenge, "Bearer "), c.token.Password == ""
	if err != nil || got.status != http.StatusUnauthorized || anonymous && !exchanges || c.authorization != "" {
		return got, err
	}
	if !anonymous {
		c.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.token.Username+":"+c.token.Password))
	}
	if exchanges {
		bearer, err := c.exchange(ctx, got.challenge)
		switch {
		case err != nil && anonymous:
			return got, nil
		case err != nil:
			return response{}, err
		}
		c.authorization = "Bearer " + bearer
	}
	return c.send(ctx, method, u, accept)
}

// maxResponse is the maximum size of a response in bytes. Errors have some hundred bytes, tokens some thousand.
const maxResponse = 64 << 10

func (c *client) send(ctx context.Context, method string, u *url.URL, accept []string) (response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return response{}, err
	}
	req.Header["Accept"] = accept
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if err != nil {
		return response{}, &url.Error{Op: method, URL: u.String(), Err: err}
	}
	return response{resp.StatusCode, resp.Header.Get("Www-Authenticate"), body, c.message(body)}, nil
}

var parameter = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`([a-z]+)="([^"]*)"`) })

// exchange gets a bearer token for the ECR token. It sends the ECR token only to the registry itself.
// Source: https://distribution.github.io/distribution/spec/auth/token/
func (c *client) exchange(ctx context.Context, challenge string) (string, error) {
	values := url.Values{}
	for _, m := range parameter().FindAllStringSubmatch(challenge, -1) {
		values.Set(m[1], m[2])
	}
	u, err := url.Parse(values.Get("realm"))
	if err != nil || u.Scheme != "https" || u.Host != c.host {
		return "", fmt.Errorf("%s requests the password for another host", c.host)
	}
	values.Del("realm")
	u.RawQuery = values.Encode()
	got, err := c.send(ctx, http.MethodGet, u, nil)
	if err != nil {
		return "", err
	}
	var given struct {
		Token  string `json:"token"`
		Access string `json:"access_token"`
	}
	err = json.Unmarshal(got.body, &given)
	if bearer := cmp.Or(given.Token, given.Access); got.status == http.StatusOK && err == nil && bearer != "" {
		return bearer, nil
	}
	return "", fmt.Errorf("%s returned no token for the password (status %s)", c.host, http.StatusText(got.status))
}

// message returns the first error message of a response in the format of the OCI distribution specification,
// shortened.
func (c *client) message(body []byte) string {
	var given struct {
		Errors []struct{ Message string } `json:"errors"`
	}
	if json.Unmarshal(body, &given) != nil || len(given.Errors) == 0 {
		return ""
	}
	return c.redact(oneline.Text(given.Errors[0].Message))
}

// redact returns text from or about a response, or credentials.Withheld if it contains the password in any form, or
// what may be an Authorization header: some servers and proxies repeat the request in their errors.
func (c *client) redact(text string) string {
	lower := strings.ToLower(text)
	if credentials.Reveals(text, c.token.Password, strings.TrimPrefix(c.authorization, "Bearer ")) ||
		strings.Contains(lower, "authorization:") || strings.Contains(lower, "authorization=") {
		return credentials.Withheld
	}
	return text
}
