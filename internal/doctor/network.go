package doctor

import (
	"context"
	"net"
	"runtime"
	"strings"
	"time"

	"ecrlogin/internal/check"
	"ecrlogin/internal/lifetime"
)

// network checks whether the ECR API is reachable.
func (c *checker) network(ctx context.Context) check.Result {
	endpoint, err := c.Source.Endpoint(ctx, c.Registry)
	if err != nil {
		return check.Skipped("skipped (invalid AWS configuration; see identity below)")
	}
	c.contact, err = endpoint.Reach(ctx)
	if err != nil {
		return check.Error(err)
	}
	host, _, _ := net.SplitHostPort(c.contact.Address) // always HOST:PORT
	way := "at " + host
	if c.contact.Proxy != "" {
		way = "via proxy " + c.contact.Proxy
	}
	if name := c.contact.Issuer; name != "" && !strings.Contains(name, "Amazon") { // a proxy inspects TLS
		way += ", with a certificate issued by " + name
	}
	return check.OK("%s is reachable %s", endpoint.URL.Host, way)
}

// noticeable is the smallest clock skew to report. It is longer than a response takes, whose date is in whole seconds.
const noticeable = 10 * time.Second

// clock compares this machine's clock with the date of the response.
func (c *checker) clock(context.Context) check.Result {
	if c.contact.Date.IsZero() {
		return check.Skipped("not checked (no response from AWS)")
	}
	ahead := time.Since(c.contact.Date).Round(time.Second)
	direction := "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	switch off := ahead.Abs(); {
	case off < noticeable:
		return check.OK("in sync with AWS")
	case off < lifetime.MaxClockSkew:
		return check.OK("this machine's clock is %s %s AWS, which AWS accepts", off, direction)
	default:
		return check.Failed("this machine's clock is %s %s AWS, which rejects its signatures", check.Minutes(off), direction).
			Then("%s", setClock(runtime.GOOS))
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
