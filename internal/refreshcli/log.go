package refreshcli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"ecrlogin/internal/advice"
)

// The values of --log-level and --log-format.
var (
	levels  = []string{"debug", "info", "warn", "error"}
	formats = []string{"json", "text"}
)

// log returns the logger of the program.
func (o *options) log(stderr io.Writer) (*slog.Logger, error) {
	if !slices.Contains(levels, o.logLevel) {
		return nil, oneOf("--log-level", o.logLevel, levels)
	}
	if o.logFormat != "" && !slices.Contains(formats, o.logFormat) {
		return nil, oneOf("--log-format", o.logFormat, formats)
	}
	settings := &slog.HandlerOptions{ReplaceAttr: replaceAttr}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	settings.Level = level
	if o.logFormat == "text" || o.logFormat == "" && isTerminal(stderr) {
		return slog.New(slog.NewTextHandler(stderr, settings)), nil
	}
	return slog.New(slog.NewJSONHandler(stderr, settings)), nil
}

// replaceAttr removes times that are not set, and changes durations from nanoseconds to a text such as "1.5s".
func replaceAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindTime:
		if a.Value.Time().IsZero() {
			return slog.Attr{}
		}
	case slog.KindDuration:
		return slog.String(a.Key, a.Value.Duration().String())
	}
	return a
}

func oneOf(flag, value string, valid []string) error {
	return advice.Errorf("%s: invalid value %q", flag, value).Then("use one of: %s", strings.Join(valid, ", "))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
