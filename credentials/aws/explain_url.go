package aws

import (
	"errors"
	"fmt"
	"net/url"
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
	for name, value := range t.environ.All() {
		if strings.HasPrefix(name, "AWS_ENDPOINT_URL") || name == metadataEndpoint || name == containerEndpoint {
			all = append(all, value)
		}
	}
	return all
}

// badURL reports whether an error is about a configured URL that cannot be parsed or is misread. The text of such an
// error must not be shown, because the host or port in it may be part of a password.
func (t *try) badURL(err error) bool {
	if errors.Is(err, errBadURL) {
		return true
	}
	if sent, ok := errors.AsType[*url.Error](err); ok {
		return isBadURL(sent)
	}
	text := err.Error() // the SDK has no types for these errors
	if strings.Contains(text, "failed to resolve host") || strings.Contains(text, "invalid endpoint host") {
		return isMisreadEndpoint(t.environ.Get(containerEndpoint))
	}
	return strings.Contains(text, "Failed to parse uri: ") || strings.Contains(text, "unable to parse host from local HTTP cred provider URL")
}

// isBadURL reports whether the URL of a request cannot be parsed, or the URL of its proxy is misread.
func isBadURL(sent *url.Error) bool { return sent.Op == "parse" || isBadProxy(sent) }

func isBadProxy(sent error) bool {
	proxy := proxyFor(requestURL(sent))
	return proxy != nil && isMisread(proxy, "http", "https", "socks5", "socks5h")
}

// explainURL handles an invalid URL in the configuration. It names the variable but not its value.
func explainURL(t *try, err error) (cause, next string) {
	if !t.badURL(err) {
		return "", ""
	}
	name := t.urlSetting(err)
	return fmt.Sprintf("%s is not a valid URL (using %s)", name, t.identity.label),
		"use the form https://HOST:PORT; in a user name or password, write / as %2F, ? as %3F, # as %23 and @ as %40"
}

// urlSetting returns the name of the setting that contains the URL of a request.
func (t *try) urlSetting(err error) string {
	var variables []string
	switch service, _ := operation(err); {
	case isBadProxy(err):
		variables = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"}
	case service == "":
		variables = []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", containerEndpoint}
	case service == "ec2imds":
		variables = []string{metadataEndpoint}
	default:
		variables = []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")), "AWS_ENDPOINT_URL"}
	}
	for _, name := range variables {
		if t.environ.Get(name) != "" {
			return name
		}
	}
	return "an endpoint in " + t.files()
}
