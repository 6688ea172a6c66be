// Package refresh tests ecr-token-refresh as a process that writes password files, against a stand-in for AWS whose
// passwords expire. The tests run in a sandbox (package sandbox). They require root and do not change the machine.
package refresh

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"ecrlogin/e2e/sandbox"
)

const (
	firstHost  = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	secondHost = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
)

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build, Hosts: []string{firstHost, secondHost}}))
}

// build builds ecr-token-refresh and the reader in bin.
func build(bin string) error {
	return errors.Join(
		sandbox.BuildRefresh("../..", filepath.Join(bin, "ecr-token-refresh")),
		sandbox.GoBuild(".", filepath.Join(bin, "reader"), "./reader"),
	)
}
