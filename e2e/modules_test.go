package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"ecrlogin/e2e/sandbox"
)

// modules are the clients that are built in their own modules, so that this module does not have their dependencies.
// The keys are the names of the programs.
var modules = map[string]string{
	"act":      "github.com/nektos/act@v0.2.89",
	"helm3":    "helm.sh/helm/v3/cmd/helm@v3.22.0",
	"ko":       "github.com/google/ko@v0.19.1",
	"regctl":   "github.com/regclient/regclient/cmd/regctl@v0.11.7",
	"registry": "github.com/distribution/distribution/v3/cmd/registry@v3.1.2",
}

// dockerVersion29 is the version of github.com/docker/cli in clients/go.mod.
const dockerVersion29 = "29.7.2"

// installModules builds the programs of modules in bin, Helm 4, whose version is in the Makefile, and the clients of the
// modules clients and buildkit. "go install" cannot build those: Docker's module has no go.mod, and the proxy has no list
// of versions of ORAS.
func installModules(bin string) error {
	docker := filepath.Join(bin, dockerDir)
	err := errors.Join(
		sandbox.BuildHelm("..", filepath.Join(bin, "helm4")),
		os.Mkdir(docker, 0o755),
		sandbox.GoBuild("clients", filepath.Join(docker, "docker"), "github.com/docker/cli/cmd/docker",
			"-X", "github.com/docker/cli/cli/version.Version="+dockerVersion29),
		sandbox.GoBuild("clients", filepath.Join(bin, "oras"), "oras.land/oras/cmd/oras"),
		buildBuildKit(bin),
	)
	for name, program := range modules {
		err = errors.Join(err, sandbox.GoInstall("..", filepath.Join(bin, name), program))
	}
	return err
}

// moduleClients returns the clients that push and pull with a helper, but are not tested with other registries.
func moduleClients(t *testing.T) []client {
	t.Helper()
	return []client{helm(t, "3"), helm(t, "4"), regctl(t), oras(t), buildctl(t)}
}

// helm pushes and pulls a chart. The name of the chart follows the name of the image.
func helm(t *testing.T, major string) client {
	t.Helper()
	program := "helm" + major
	return client{
		name: "helm-" + major, title: "Helm", program: lookPath(t, program), allHosts: credsStore,
		authority: "SSL_CERT_FILE",
		version:   moduleVersion(program),
		build:     program + ` create chart && ` + program + ` package chart`,
		push:      program + ` push chart-0.1.0.tgz oci://${REF%:1}`,
		remove:    `rm -rf pulled`,
		pull: `mkdir pulled
			` + program + ` pull oci://${REF%:1}/chart --version 0.1.0 --destination pulled
			cmp chart-0.1.0.tgz pulled/chart-0.1.0.tgz`,
	}
}

// layoutImage is the image in $LAYOUT, which has no tag.
const layoutImage = `$LAYOUT@$(grep -o 'sha256:[0-9a-f]*' $LAYOUT/index.json)`

// regctl does not run the helper for all hosts with credsStore; see TestRegctl.
func regctl(t *testing.T) client {
	t.Helper()
	return client{
		name: "regctl", title: "regctl", program: lookPath(t, "regctl"),
		authority: "SSL_CERT_FILE",
		version:   moduleVersion("regctl"),
		push:      `regctl image copy ocidir://` + layoutImage + ` $REF`,
		remove:    `rm -rf pulled`,
		pull:      `regctl image copy $REF ocidir://pulled:1`,
	}
}

// moduleVersion is a command that prints the version of the module of a program. In a new home directory, Go would start
// a process that writes telemetry files there, while the test removes the directory.
func moduleVersion(program string) string {
	return `env -u HOME go version -m $(readlink -f $(command -v ` + program + `)) | awk '$1 == "mod" { print $3 }'`
}
