package kubernetes

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"k8s.io/klog/v2"

	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
)

// TestDebugLog checks that the log of client-go at level debug contains no password. client-go logs the bodies of
// requests with verbosity 8, which a slog handler must reject like klog itself does.
func TestDebugLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newFakeServer("a"), Options{Once: true})
		var out bytes.Buffer
		logQuietly(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
		t.Cleanup(klog.ClearLogger)
		s := f.secret(secret.Rule{})
		s.writer = newWriter(s.rule, f.cluster.clients.metadata, f.cluster.clients.core, f.cluster.log)
		creds := []refresh.Credential{freshCredential()}
		if err := s.Apply(t.Context(), creds); err != nil {
			t.Fatal(err)
		}
		c, err := newContent(s.rule, creds)
		if err != nil {
			t.Fatal(err)
		}
		klog.Background().Info("shown")
		text := out.String()
		for _, secret := range c.secrets {
			if strings.Contains(text, secret) {
				t.Fatalf("the log contains a password: %s", text)
			}
		}
		if !strings.Contains(text, "shown") {
			t.Error("other messages of client-go are not logged")
		}
	})
}

// TestQuietLog checks that nothing of client-go is logged at level info, not even its errors.
func TestQuietLog(t *testing.T) {
	var out bytes.Buffer
	logQuietly(slog.New(slog.NewTextHandler(&out, nil)))
	t.Cleanup(klog.ClearLogger)
	klog.Background().Info("message")
	klog.Background().Error(errors.New("cause"), "message")
	if out.Len() > 0 {
		t.Errorf("got %s", out.String())
	}
}
