package doctor

import (
	"context"
	"net"
	"runtime"
	"strings"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/lifetime"
)

// findings are results of earlier checks that later checks use.
type findings struct {
	contact aws.Contact
	caller  aws.Caller
	token   credentials.Token
	answers *answers // the client of the registry; nil until the registry was checked
}

// network checks whether the ECR API is reachable.
func (e *exam) network(ctx context.Context) result {
	endpoint, err := e.Source.Endpoint(ctx, e.registry)
	if err != nil {
		return skipped("skipped (invalid AWS configuration; see identity below)")
	}
	e.contact, err = endpoint.Reach(ctx)
	if err != nil {
		cause, next := aws.Advice(err)
		return failed("%s", cause).then("%s", next)
	}
	way := "at " + e.contact.Address
	if host, _, err := net.SplitHostPort(e.contact.Address); err == nil {
		way = "at " + host
	}
	if e.contact.Proxy != "" {
		way = "via proxy " + e.contact.Proxy
	}
	return ok("%s is reachable %s%s", endpoint.URL.Host, way, inspector(e.contact.Issuer))
}

// inspector returns a note about a certificate that Amazon did not issue: a proxy inspects TLS.
func inspector(issuer string) string {
	if issuer == "" || strings.Contains(issuer, "Amazon") {
		return ""
	}
	return ", with a certificate issued by " + issuer
}

// noticeable is the smallest clock skew to report. It is longer than a response takes, whose date is in whole seconds.
const noticeable = 10 * time.Second

// clock compares this machine's clock with the date of the response.
func (e *exam) clock(context.Context) result {
	if e.contact.Date.IsZero() {
		return skipped("not checked (no response from AWS)")
	}
	ahead := time.Since(e.contact.Date).Round(time.Second)
	direction := "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	switch off := ahead.Abs(); {
	case off < noticeable:
		return ok("in sync with AWS")
	case off < lifetime.MaxClockSkew:
		return ok("this machine's clock is %s %s AWS, which AWS tolerates", off, direction)
	default:
		return failed("this machine's clock is %s %s AWS, which rejects its signatures", minutes(off), direction).then("%s", setClock(runtime.GOOS))
	}
}

// setClock returns the command that synchronizes the clock.
func setClock(goos string) string {
	switch goos {
	case "windows":
		return "w32tm /resync"
	case "darwin":
		return "sudo sntp -sS time.apple.com"
	}
	return "sudo timedatectl set-ntp true"
}
