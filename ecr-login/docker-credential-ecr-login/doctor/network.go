package doctor

import (
	"context"
	"net"
	"runtime"
	"strings"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
)

// findings are what later checks need of the earlier ones.
type findings struct {
	contact aws.Contact
	caller  aws.Caller
	token   credentials.Token
	answers *answers // how the registry is asked; nil before that
}

// network looks whether the API can be reached that gives the tokens.
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

// inspector tells of a certificate that is not Amazon's: somebody on the way looks into TLS.
func inspector(issuer string) string {
	if issuer == "" || strings.Contains(issuer, "Amazon") {
		return ""
	}
	return ", with a certificate issued by " + issuer
}

// tolerable is by how much a clock may be wrong. AWS accepts signatures of up to five minutes ago or ahead, and some services
// up to fifteen.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
const tolerable = 5 * time.Minute

// noticeable is more than what the way of an answer takes, which tells whole seconds.
const noticeable = 10 * time.Second

// clock compares this machine's with that of who answered.
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
	case off < tolerable:
		return ok("this machine's clock is %s %s AWS, which AWS tolerates", off, direction)
	default:
		return failed("this machine's clock is %s %s AWS, which rejects its signatures", minutes(off), direction).then("%s", setClock(runtime.GOOS))
	}
}

// setClock is the command that has a machine set its clock.
func setClock(goos string) string {
	switch goos {
	case "windows":
		return "w32tm /resync"
	case "darwin":
		return "sudo sntp -sS time.apple.com"
	}
	return "sudo timedatectl set-ntp true"
}
