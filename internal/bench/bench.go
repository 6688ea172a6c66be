package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"ecrlogin/internal/awstest"
)

// A bench contains what all measurements share. They write only to a temporary directory.
type bench struct {
	dir         string
	helper      string // path of the helper
	pagedHelper string // path of a copy of it to measure memory, see paged
	provider    string // path of a link to the helper, under the name that the kubelet runs
	refresher   string // path of ecr-token-refresh
	debian      string // path of Debian's helper; "" if it is not installed
	echo        string // path of the baseline, a Go program that echoes its input
	bare        string // path of the helper that exits at once, see buildBare
	cloud       *awstest.Server
	bundle      string // path of the certificates that all programs trust
	roots       string // which certificates these are, for the report

	debianVersion string // version of Debian's helper
}

// prepare creates the files that the measurements share.
func (b *bench) prepare() error {
	for _, prepare := range []func() error{b.writeBundle, b.installPrograms, b.buildEcho, b.buildBare} {
		if err := prepare(); err != nil {
			return err
		}
	}
	return nil
}

// systemBundle contains the system's certificates on Debian.
const systemBundle = "/etc/ssl/certs/ca-certificates.crt"

// writeBundle writes the system's certificates and that of the stand-in to one file, so that programs have as many
// certificates to read as usual.
func (b *bench) writeBundle() error {
	own, err := os.ReadFile(b.cloud.CAFile)
	if err != nil {
		return err
	}
	b.bundle = filepath.Join(b.dir, "bundle.pem")
	b.roots = "NO certificates of the system, because it has no " + systemBundle
	system, err := os.ReadFile(systemBundle)
	if err == nil {
		n := bytes.Count(system, []byte("-----BEGIN CERTIFICATE-----"))
		b.roots = fmt.Sprintf("%d certificates of the system", n)
	}
	return os.WriteFile(b.bundle, slices.Concat(system, []byte("\n"), own), 0o600)
}

// newHome creates a new home directory, in which all caches are cold.
func (b *bench) newHome() (string, error) { return os.MkdirTemp(b.dir, "home") }

// environ returns an environment in which connections to the real host names of AWS reach the stand-in. It contains
// more, which usually adds an identity.
func (b *bench) environ(home string, more ...string) []string {
	return append([]string{
		"HOME=" + home,
		"HTTPS_PROXY=" + b.cloud.Proxy,
		"SSL_CERT_FILE=" + b.bundle,
		"AWS_EC2_METADATA_DISABLED=true",
	}, more...)
}

// keys are the variables with the keys that the stand-in accepts.
var keys = []string{"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey}
