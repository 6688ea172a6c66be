package refreshcli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// The values of --log-level and --log-format.
var (
	levels  = []string{"debug", "info", "warn", "error"}
	formats = []string{"json", "text"}
)

// check returns an error for an invalid value of --log-level or --log-format.
func (o *options) check() error {
	if !slices.Contains(levels, o.logLevel) {
		return oneOf("--log-level", o.logLevel, levels)
	}
	if o.logFormat != "" && !slices.Contains(formats, o.logFormat) {
		return oneOf("--log-format", o.logFormat, formats)
	}
	return nil
}

// log returns the logger of the program.
func (o *options) log(stderr io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.logLevel)) // check has checked it
	settings := &slog.HandlerOptions{Level: level, ReplaceAttr: replaceAttr}
	if o.logFormat == "text" || o.logFormat == "" && isTerminal(stderr) {
		return slog.New(slog.NewTextHandler(stderr, settings))
	}
	return slog.New(slog.NewJSONHandler(stderr, settings))
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
	return fmt.Errorf("%s: invalid value %q, must be one of %s", flag, value, strings.Join(valid, ", "))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
