package check

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
)

// signs has the sign and the color of each status.
var signs = map[Status]struct{ sign, color string }{
	StatusOK:      {"✓", "\x1b[32m"},
	StatusFailed:  {"✗", "\x1b[31m"},
	StatusSkipped: {"–", "\x1b[2m"},
}

// Print writes each result as soon as it is available, "SIGN NAME: FOUND (TOOK)" and a line with the next step. Then it
// writes the number of failed checks, and reports whether it is zero. With fancy, the same text is in color and in
// columns.
func Print(w io.Writer, results iter.Seq[Result], fancy bool) (ok bool, err error) {
	failed := 0
	for r := range results {
		if !r.OK {
			failed++
		}
		if _, err := fmt.Fprintln(w, r.text(fancy)); err != nil {
			return false, err
		}
	}
	line := "no problems found"
	if failed > 0 {
		line = Count(failed, "problem") + " found"
	}
	_, err = fmt.Fprintln(w, line)
	return failed == 0, err
}

func (r Result) text(fancy bool) string {
	name, sign := r.Name+":", signs[r.Status].sign
	if fancy {
		name = fmt.Sprintf("%-*s", len("configuration:"), name) // the longest name
		sign = signs[r.Status].color + sign + "\x1b[0m"
	}
	text := fmt.Sprintf("%s %s %s", sign, name, r.Found)
	if r.Status != StatusSkipped {
		text += fmt.Sprintf(" (%s)", took(r.Took))
	}
	if r.Next != "" {
		text += "\n  next: " + r.Next
	}
	return text
}

func took(milliseconds int64) string {
	if milliseconds < 1000 {
		return fmt.Sprintf("%d ms", milliseconds)
	}
	return fmt.Sprintf("%.1f s", float64(milliseconds)/1000)
}

// Count returns a number and a noun: "1 token", "2 tokens".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Minutes formats a duration with a precision of minutes, or of seconds if it is under a minute.
func Minutes(d time.Duration) string {
	if d.Abs() < time.Minute {
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// PrintJSON writes all results as a JSON object after the last check, and reports whether no check failed.
func PrintJSON(w io.Writer, results iter.Seq[Result]) (ok bool, err error) {
	all := slices.Collect(results)
	ok = !slices.ContainsFunc(all, func(r Result) bool { return !r.OK })
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return ok, enc.Encode(struct {
		OK     bool     `json:"ok"`
		Checks []Result `json:"checks"`
	}{ok, all})
}
