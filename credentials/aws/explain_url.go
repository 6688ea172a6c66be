package aws

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
)

// errBadURL reports a request that was not sent because its URL is invalid.
var errBadURL = errors.New("a URL in the configuration is invalid")

// isMisread reports whether a URL parses as something that the user cannot mean. In http://user:12/34@host, a parser
// takes "user" as the host and "12" as the port; both may be secret and must not be shown.
func isMisread(u *url.URL, schemes ...string) bool {
	return !slices.Contains(schemes, u.Scheme) || u.Host == "" || strings.Contains(u.Opaque+u.EscapedPath()+u.RawQuery+u.EscapedFragment(), "@")
}

// isMisreadEndpoint is isMisread for the value of a setting. It returns false for a value that does not parse, because
// the SDK reports that.
func isMisreadEndpoint(value string) bool {
	u, err := url.Parse(value)
	return value != "" && err == nil && isMisread(u, "http", "https")
}

// checkURL returns errBadURL if u has the host of a misread endpoint. Such a request must not be sent.
func (t *try) checkURL(u *url.URL) error {
	for _, value := range t.endpoints() {
		if given, err := url.Parse(value); err == nil && given.Host == u.Host && isMisreadEndpoint(value) {
			return errBadURL
		}
	}
	return nil
}

// Environment variables with the URLs of the metadata service and the container endpoint.
const (
	metadataEndpoint  = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
	containerEndpoint = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
)

// endpoints returns the endpoint URLs in the environment and in the AWS files.
func (t *try) endpoints() []string {
	all := []string{t.shared.BaseEndpoint, t.shared.EC2IMDSEndpoint}
	for _, service := range t.shared.Services.ServiceValues {
		all = append(all, service["endpoint_url"])
	}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AWS_ENDPOINT_URL") || name == metadataEndpoint || name == containerEndpoint {
			all = append(all, value)
		}
	}
	return all
}

// badURL reports whether an error is about a configured URL that cannot be parsed or is misread. The text of such an
// error must not be shown, because the host or port in it may be part of a password.
func badURL(err error) bool {
	var sent *url.Error
	switch {
	case errors.Is(err, errBadURL):
		return true
	case errors.As(err, &sent):
		return sent.Op == "parse" || badProxy(sent)
	}
	text := err.Error() // the SDK has no types for these errors
	if strings.Contains(text, "failed to resolve host") || strings.Contains(text, "invalid endpoint host") {
		return isMisreadEndpoint(os.Getenv(containerEndpoint))
	}
	return strings.Contains(text, "Failed to parse uri: ") || strings.Contains(text, "unable to parse host from local HTTP cred provider URL")
}

// badProxy reports whether the proxy URL for a request is misread.
func badProxy(sent *url.Error) bool {
	proxy := proxyURL(sent)
	return proxy != nil && isMisread(proxy, "http", "https", "socks5", "socks5h")
}

// proxyURL returns the proxy in the environment for a request, or nil.
func proxyURL(sent *url.Error) *url.URL {
	u, err := url.Parse(sent.URL)
	if err != nil || !strings.HasPrefix(u.Scheme, "http") {
		return nil
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	if err != nil {
		return nil
	}
	return proxy
}

// explainURL handles an invalid URL in the configuration. It names the variable but not its value.
func explainURL(t *try, err error) (cause, next string) {
	if !badURL(err) {
		return "", ""
	}
	name := t.urlSetting(err)
	return fmt.Sprintf("%s is not a valid URL (using %s)", name, t.identity.label),
		"use the form https://HOST:PORT; in a user name or password, write / as %2F, ? as %3F, # as %23 and @ as %40"
}

// urlSetting returns the name of the setting that contains the URL of a request.
func (t *try) urlSetting(err error) string {
	var sent *url.Error
	if errors.As(err, &sent) && badProxy(sent) {
		return firstSet("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
	}
	service, _ := operation(err)
	name := ""
	switch service {
	case "":
		name = firstSet("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", containerEndpoint)
	case "ec2imds":
		name = firstSet(metadataEndpoint)
	default:
		name = firstSet("AWS_ENDPOINT_URL_"+strings.ToUpper(strings.ReplaceAll(service, " ", "_")), "AWS_ENDPOINT_URL")
	}
	return cmp.Or(name, "an endpoint in "+files())
}

// firstSet returns the first of the variables that is set, or "".
func firstSet(names ...string) string {
	for _, name := range names {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}
