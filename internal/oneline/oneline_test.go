package oneline_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"ecrlogin/internal/oneline"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		" two\r\n\tlines ":             "two lines",
		"a\n\tb \x1b[2Jc\u009bd é":     "a b [2Jc d é",
		"run: \u202emr\u202c x\u200by": "run: mr x y",
		"no \xff UTF-8":                "no ? UTF-8",
		strings.Repeat("é", 600):       strings.Repeat("é", 600),
		strings.Repeat("é", 601):       strings.Repeat("é", 600) + "…",
		strings.Repeat("a \n", 300):    strings.Repeat("a ", 299) + "a",
		strings.Repeat("\x00", 10_000): "",
	} {
		if got := oneline.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	if got := oneline.Clean("a\n\tb \x1b[2Jc\u009bd é" + strings.Repeat("x", 1000)); got != "a b [2Jc d é"+strings.Repeat("x", 1000) {
		t.Errorf("got %q", got)
	}
}

func TestValue(t *testing.T) {
	if got := oneline.Value(strings.Repeat("x", 120)); len(got) != 120 {
		t.Errorf("got %q", got)
	}
	if got := oneline.Value(strings.Repeat("x", 121)); got != strings.Repeat("x", 120)+"…" || utf8.RuneCountInString(got) != 121 {
		t.Errorf("got %q", got)
	}
}
