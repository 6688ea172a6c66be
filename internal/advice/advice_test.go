package advice_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"ecrlogin/internal/advice"
)

func TestOf(t *testing.T) {
	denied := advice.Errorf("%s: %w; really", "file", fs.ErrPermission).Then("run: chmod u+r %s; try again", "file")
	for _, tt := range []struct {
		err         error
		cause, next string
	}{
		{denied, "file: permission denied; really", "run: chmod u+r file; try again"},
		{fmt.Errorf("reading: %w", denied), "reading: file: permission denied; really", "run: chmod u+r file; try again"},
		{advice.Errorf("denied; ask"), "denied; ask", ""},
		{advice.Errorf("/etc/a\r\nb é\x1b[2J\u009b: none"), `/etc/a\r\nb é\x1b[2J\u009b: none`, ""},
		{fmt.Errorf("x: %w", advice.Errorf("a\tb").Then("run: c\rd")), `x: a\tb`, `run: c\rd`},
		{errors.New("denied; ask"), "denied; ask", ""},
	} {
		if cause, next := advice.Of(tt.err); cause != tt.cause || next != tt.next {
			t.Errorf("got %q, %q, want %q, %q", cause, next, tt.cause, tt.next)
		}
	}
	if got, want := denied.Error(), "file: permission denied; really; run: chmod u+r file; try again"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(denied, fs.ErrPermission) {
		t.Error("the cause is not wrapped")
	}
}
