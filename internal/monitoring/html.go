package monitoring

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"strings"
	"time"

	"ecrlogin/internal/oneline"
)

// shownPlaces is how many failing places the HTML page lists; the JSON contains all.
const shownPlaces = 100

//go:embed status.css
var css string

// contentPolicy allows the style sheet of the page and nothing else.
var contentPolicy = func() string {
	sum := sha256.Sum256([]byte(css))
	hash := base64.StdEncoding.EncodeToString(sum[:])
	return "default-src 'none'; style-src 'sha256-" + hash + "'; frame-ancestors 'none'"
}()

// A document is an HTML page. It is written without html/template, which makes the linker keep every exported method of
// the Kubernetes client and of the AWS SDK (10 MB).
type document struct{ strings.Builder }

// add appends HTML in which each %s stands for one of texts, which are escaped.
func (d *document) add(format string, texts ...string) {
	escaped := make([]any, len(texts))
	for i, t := range texts {
		escaped[i] = html.EscapeString(t)
	}
	fmt.Fprintf(d, format+"\n", escaped...)
}

// badge appends a word with a frame, in the color of a state.
func (d *document) badge(class, word string) { d.add(`<span class="badge %s">%s</span>`, class, word) }

// wideValue is the length from which a value gets a line of its own.
const wideValue = 25

// field appends a name and a value. The class is that of the value, and detail is text below it; both may be "".
func (d *document) field(name, class, value, detail string) {
	if len(value) < wideValue {
		d.add("<div><dt>%s</dt>", name)
	} else {
		d.add(`<div class="wide"><dt>%s</dt>`, name)
	}
	if class == "" {
		d.add("<dd>%s", value)
	} else {
		d.add(`<dd class="%s">%s`, class, value)
	}
	if detail != "" {
		d.add(`<span class="dim">%s</span>`, detail)
	}
	d.add("</dd></div>")
}

// error appends an error in a box; nothing if it is "".
func (d *document) error(text string) {
	if text != "" {
		d.add(`<p class="error">%s</p>`, text)
	}
}

// heading appends the start of a box, with its name. The kind may be "".
func (d *document) heading(kind, name string) {
	d.add("<article>\n<h3>")
	if kind != "" {
		d.add(`<span class="dim">%s</span>`, kind)
	}
	d.add("<span>%s</span>", name)
}

// html returns the page for a browser.
func (p *page) html() string {
	d, title := new(document), "Healthy"
	if !p.Healthy {
		title = "Unhealthy"
	}
	d.add(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<title>%s – ecr-token-refresh</title>`, title)
	d.WriteString("<style>" + css + "</style>\n</head>\n<body>\n<header>\n<h1>ecr-token-refresh</h1>\n")
	choose(d, p.Healthy, "healthy", "failing", "unhealthy")
	choose(d, p.Ready, "ready", "pending", "not ready")
	choose(d, p.Alive, "alive", "failing", "not alive")
	d.add("</header>")
	for _, r := range p.Reasons {
		d.error(p.summary(r))
	}
	d.add("<h2>Targets</h2>")
	for _, t := range p.Targets {
		t.html(d, p)
	}
	d.add("<h2>Tokens</h2>")
	for _, t := range p.Tokens {
		t.html(d, p.Time)
	}
	if p.Cluster != nil {
		p.Cluster.html(d)
	}
	p.configHTML(d)
	d.add(`<footer class="dim">version %s; %s; reloads every 10 seconds</footer>
</body>
</html>`, p.Version, moment(p.Time))
	return d.String()
}

func choose(d *document, good bool, word, class, otherwise string) {
	if good {
		d.badge("current", word)
	} else {
		d.badge(class, otherwise)
	}
}

// summary returns a reason without the error of the target, which the page shows below.
func (p *page) summary(reason string) string {
	for _, t := range p.Targets {
		if t.Error != "" {
			reason = strings.TrimSuffix(reason, ": "+oneline.Text(causeOf(t.Name, t.Error)))
		}
	}
	return reason
}

// errorOf returns the error of a target; a short one if it is that of a token, which the page shows below.
func (p *page) errorOf(t *targetPage) string {
	for _, token := range p.Tokens {
		if t.Error != "" && t.Error == token.Error {
			return "no token; see the error of " + token.Registry + " below"
		}
	}
	return causeOf(t.Name, t.Error)
}

func (t *targetPage) html(d *document, p *page) {
	d.heading(t.Kind, t.Name)
	d.badge(t.State, t.State)
	if t.Places != nil && t.Places.Standby {
		d.badge("pending", "standby")
	}
	d.add("</h3>\n<dl>")
	expiryField(d, "Password expires", t.Expiry, t.ExpiresIn)
	if t.Applied.IsZero() {
		d.field("Last applied", "pending", "never", "")
	} else {
		d.field("Last applied", "", span(p.Time.Sub(t.Applied))+" ago", "took "+tookText(duration(t.Took)))
	}
	if n := t.Places; n != nil && !n.Standby {
		d.field("Namespaces", "", fmt.Sprintf("%d current", n.Current),
			fmt.Sprintf("%d pending, %d failing", n.Pending, len(n.Failing)))
	}
	d.add(`<div class="wide"><dt>Registries</dt>
<dd>`)
	for _, r := range t.Registries {
		d.add("<span>%s</span>", r)
	}
	d.add("</dd></div>\n</dl>")
	d.error(p.errorOf(t))
	if t.Places != nil {
		t.Places.html(d)
	}
	d.add("</article>")
}

// html appends the failing places.
func (p *placesPage) html(d *document) {
	for _, f := range p.Failing[:min(len(p.Failing), shownPlaces)] {
		d.add(`<p class="error"><strong>%s</strong> %s</p>`, f.Place, f.Error)
	}
	if more := len(p.Failing) - shownPlaces; more > 0 {
		d.error(fmt.Sprintf("and %d more; see the JSON form of this page", more))
	}
}

func (t *tokenPage) html(d *document, now time.Time) {
	d.heading("", t.Registry)
	d.add("</h3>\n<dl>")
	d.field("Identity", "", t.Identity, t.IssuedTo)
	if t.Expiry.IsZero() {
		d.field("Expires", "pending", "no token yet", "")
	} else {
		expiryField(d, "Expires", t.Expiry, t.ExpiresIn)
		rotation := "due"
		if t.Rotation.After(now) {
			rotation = "in " + span(t.Rotation.Sub(now))
		}
		d.field("Next rotation", "", rotation, moment(t.Rotation))
	}
	if t.Attempts > 0 {
		d.field("Failed attempts", "failing", fmt.Sprint(t.Attempts), "")
	}
	d.add("</dl>")
	d.error(causeOf(t.Registry, t.Error))
	d.add("</article>")
}

// expiryField appends when something expires; nothing if that is unknown.
func expiryField(d *document, name string, expiry time.Time, in float64) {
	switch {
	case expiry.IsZero():
	case in <= 0:
		d.field(name, "expired", "expired", moment(expiry))
	default:
		d.field(name, "", "in "+span(duration(in)), moment(expiry))
	}
}

func (c *clusterPage) html(d *document) {
	d.add("<h2>Cluster</h2>\n<article>\n<dl>")
	synced, role := "not synced", "standby"
	if c.Synced {
		synced = "synced"
	}
	if c.Leading {
		role = "leader"
	}
	d.field("Namespaces", "", synced, "")
	d.field("This replica", "", role, "")
	d.field("Last sign of life of the watch", "", span(duration(c.WatchAge))+" ago", "")
	if c.Holder != "" {
		d.field("Lease holder", "", c.Holder, "")
	}
	d.add("</dl>")
	d.error(c.Error)
	d.add("</article>")
}

func (p *page) configHTML(d *document) {
	d.add("<h2>Configuration</h2>\n<article>\n<dl>")
	d.field("File", "", p.Config.Path, "")
	d.field("Loaded", "", span(p.Time.Sub(p.Config.Loaded))+" ago", moment(p.Config.Loaded))
	d.field("Interval", "", strings.TrimSuffix(span(duration(p.Interval)), "00s"), "")
	d.add("</dl>")
	if p.Config.Error != "" {
		d.error("The present file was rejected, and the previous configuration is still in effect: " + p.Config.Error)
	}
	d.add("</article>")
}

// tookText returns a run time with about two digits.
func tookText(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}

func moment(t time.Time) string { return t.Format("2006-01-02 15:04:05 UTC") }

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
