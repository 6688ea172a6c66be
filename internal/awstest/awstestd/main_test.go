package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"-unknown"},
		{"-dir", filepath.Join(t.TempDir(), "missing")},
	} {
		if err := run(ctx, args, io.Discard); err == nil {
			t.Errorf("run(%q) = nil error", args)
		}
	}
	var help bytes.Buffer
	if err := run(ctx, []string{"-h"}, &help); err != nil || !strings.Contains(help.String(), "-token-life") {
		t.Errorf("run(-h) = %v, printing %q", err, help.String())
	}
}

func TestEnvironment(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // run returns after it has printed
	dir := filepath.Join(t.TempDir(), "it's")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var script bytes.Buffer
	if err := run(ctx, []string{"-dir", dir}, &script); err != nil {
		t.Fatal(err)
	}
	script.WriteString(`echo "$AWS_CA_BUNDLE $AWS_ENDPOINT_URL"`)
	out, err := exec.Command("sh", "-c", script.String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := dir + "/ca.pem http://127.0.0.1:"; !strings.HasPrefix(string(out), want) {
		t.Errorf("the shell reads %q, want %q...", out, want)
	}
}
