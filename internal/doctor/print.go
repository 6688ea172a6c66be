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

// A Printer writes checks as text, each as soon as it is available.
type Printer struct {
	Out   io.Writer
	Fancy bool // in color and in columns, with the same text

	failed int
}

// marks has the sign and the color of each status.
var marks = map[Status]struct{ sign, color string }{
	OK:      {"✓", "\x1b[32m"},
	Failed:  {"✗", "\x1b[31m"},
	Skipped: {"–", "\x1b[2m"},
}

// Print writes one check: "SIGN NAME: FOUND (TOOK)", followed by a line with the next step.
func (p *Printer) Print(c Check) error {
	if c.Status == Failed {
		p.failed++
	}
	const widest = len("configuration:")
	name, sign := c.Name+":", marks[c.Status].sign
	if p.Fancy {
		name += strings.Repeat(" ", widest-len(name))
		sign = marks[c.Status].color + sign + "\x1b[0m"
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

// Close writes the number of problems, and returns the number of failed checks.
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

// MarshalJSON writes {"name","ok","status","took","found","next"}: ok is false only if the status is Failed; took is
// in milliseconds.
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

// A Report contains all checks.
type Report struct {
	OK     bool    `json:"ok"` // no check failed
	Checks []Check `json:"checks"`
}

// NewReport runs the checks and collects them.
func NewReport(checks iter.Seq[Check]) Report {
	all := slices.Collect(checks)
	return Report{OK: !slices.ContainsFunc(all, func(c Check) bool { return c.Status == Failed }), Checks: all}
}
