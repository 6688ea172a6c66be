package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/registry"
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

// expired is a Source of expired tokens.
type expired struct{}

func (expired) Token(context.Context, registry.Registry) (credentials.Token, error) {
	return credentials.Token{Expiry: time.Unix(0, 0)}, nil
}

func TestUsableTokenError(t *testing.T) {
	_, err := credentials.UsableToken(t.Context(), expired{}, registry.Registry{Host: "a.example"})
	e, ok := errors.AsType[*credentials.Error](err)
	if !ok || e.Host != "a.example" || e.Cause == "" || e.Next == "" {
		t.Errorf("got %#v", err)
	}
}
