package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
)

// A Printer writes checks for people, each as soon as it is there.
type Printer struct {
	Out   io.Writer
	Fancy bool // in colours and columns; the words are the same

	failed int
}

// How the ways to end look.
var marks = map[Status]struct{ sign, colour string }{
	OK:      {"✓", "\x1b[32m"},
	Failed:  {"✗", "\x1b[31m"},
	Skipped: {"–", "\x1b[2m"},
}

// Print writes one check: "SIGN NAME: FOUND (TOOK)", and below it what to do next.
func (p *Printer) Print(c Check) error {
	if c.Status == Failed {
		p.failed++
	}
	const widest = len("configuration:")
	name, sign := c.Name+":", marks[c.Status].sign
	if p.Fancy {
		name += strings.Repeat(" ", widest-len(name))
		sign = marks[c.Status].colour + sign + "\x1b[0m"
	}
	line := fmt.Sprintf("%s %s %s", sign, name, c.Found)
	if c.Status != Skipped {
		line += fmt.Sprintf(" (%s)", took(c.Took))
	}
	if c.Next != "" {
		line += "\n  next: " + c.Next
	}
	_, err := fmt.Fprintln(p.Out, line)
	return err
}

// Close writes how it went, and returns how many checks failed.
func (p *Printer) Close() (failed int, err error) {
	line := "no problems found"
	if p.failed > 0 {
		line = fmt.Sprintf("%d %s found", p.failed, plural(p.failed, "problem", "problems"))
	}
	_, err = fmt.Fprintln(p.Out, line)
	return p.failed, err
}

func took(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// MarshalJSON writes {"name","ok","status","took","found","next"}: ok is false for Failed alone, took is in milliseconds.
func (c Check) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name   string `json:"name"`
		OK     bool   `json:"ok"`
		Status Status `json:"status"`
		Took   int64  `json:"took"`
		Found  string `json:"found"`
		Next   string `json:"next,omitempty"`
	}{c.Name, c.Status != Failed, c.Status, c.Took.Milliseconds(), c.Found, c.Next})
}

// A Report is all checks.
type Report struct {
	OK     bool    `json:"ok"` // none failed
	Checks []Check `json:"checks"`
}

// NewReport makes the checks.
func NewReport(checks iter.Seq[Check]) Report {
	all := slices.Collect(checks)
	return Report{OK: !slices.ContainsFunc(all, func(c Check) bool { return c.Status == Failed }), Checks: all}
}
