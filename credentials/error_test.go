package credentials_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"ecrlogin/credentials"
)

func TestError(t *testing.T) {
	for want, err := range map[string]credentials.Error{
		"a.example: denied; ask": {Host: "a.example", Cause: "denied", Next: "ask", Err: fs.ErrPermission},
		"a.example: denied":      {Host: "a.example", Cause: "denied"},
		"denied; ask":            {Cause: "denied", Next: "ask"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	wrapped := fmt.Errorf("wrapped: %w", &credentials.Error{Cause: "denied", Err: fs.ErrPermission})
	var e *credentials.Error
	if !errors.As(wrapped, &e) || e.Cause != "denied" || !errors.Is(wrapped, fs.ErrPermission) {
		t.Errorf("got %v", e)
	}
}
