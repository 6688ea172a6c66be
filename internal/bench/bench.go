package main

import (
	"fmt"
	"os"
	"os/exec"

	"ecrlogin/internal/awstest"
)

// A bench contains what all measurements share. They write only to a temporary directory.
type bench struct {
	dir       string
	helper    string // path of the helper
	refresher string // path of ecr-token-refresh
	echo      string // path of the baseline, a Go program that echoes its input
	cloud     *awstest.Server
}

// buildEcho builds the baseline program.
func (b *bench) buildEcho() error {
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.echo, "ecrlogin/internal/bench/echo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the baseline program: %w\n%s", err, text)
	}
	return nil
}

// newHome creates a new home directory, in which all caches are cold.
func (b *bench) newHome() (string, error) { return os.MkdirTemp(b.dir, "home") }

// environ returns an environment in which connections to the real host names of AWS reach the stand-in. It contains
// more, which usually adds an identity.
func (b *bench) environ(home string, more ...string) []string {
	return append([]string{
		"HOME=" + home,
		"HTTPS_PROXY=" + b.cloud.Proxy,
		"SSL_CERT_FILE=" + b.cloud.CAFile,
		"AWS_EC2_METADATA_DISABLED=true",
	}, more...)
}

// keys are the variables with the keys that the stand-in accepts.
var keys = []string{"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey}

// packageVersion returns the version of an installed Debian package; ok is false if it is not installed, or if the
// system is not Debian.
func packageVersion(name string) (version string, ok bool) {
	out, err := exec.Command("dpkg-query", "--show", "--showformat=${Version}", name).Output()
	return string(out), err == nil && len(out) > 0
}

func notInstalled(pkg string) string { return "not installed: apt-get install " + pkg }
