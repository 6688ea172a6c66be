package kubeletfile

import (
	"context"
	"runtime"
	"strings"
	"time"

	"ecrlogin/internal/subprocess"
	"ecrlogin/internal/trustedpath"
)

// ProviderName is the name by which this program is kubelet's provider.
const ProviderName = "ecr-credential-provider"

// ProgramName returns the name of a provider's program in the folder of such programs.
func ProgramName(provider string) string {
	if runtime.GOOS == "windows" {
		return provider + ".exe"
	}
	return provider
}

// self is what this program is called by people. Its name makes it kubelet's provider otherwise.
const self = "docker-credential-ecr-login"

// Run runs a provider's program with the variables of c.Env alone, none if it is nil. If anybody but root and the current user
// could have put another program there, it is not run, and the error is a *trustedpath.Error: root runs this for a program that a
// flag, or a process that is called kubelet, names.
func Run(ctx context.Context, c subprocess.Command) (subprocess.Result, error) {
	if err := trustedpath.Check(c.Path); err != nil {
		return subprocess.Result{}, err
	}
	c.Env = append([]string{}, c.Env...)
	return c.Run(ctx)
}

// VersionOf asks the program of a provider for its version. It is ours if it is this program, perhaps of another version;
// what others print is not repeated. The error is that of Run for a program that must not be run.
func VersionOf(ctx context.Context, path string) (version string, ours bool, err error) {
	if err := trustedpath.Check(path); err != nil {
		return "", false, err
	}
	version, ours = strings.CutPrefix(AskVersion(ctx, path, []string{"AWS_EC2_METADATA_DISABLED=true"}), self+" ")
	const longest = 80
	if !ours || len(version) > longest || strings.ContainsAny(version, "\r\n") {
		return "", false, nil
	}
	return version, true, nil
}

// versionTime is how long a program has to print its version.
const versionTime = 2 * time.Second

// AskVersion runs a program as docker-credential-ecr-login with the argument version, and returns what it prints, without white
// space around it; "" if it fails. A nil env means that of this process.
func AskVersion(ctx context.Context, path string, env []string) string {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	result, err := subprocess.Command{Path: path, Args: []string{self, "version"}, Env: env}.Run(ctx)
	if err != nil || result.ExitCode != 0 {
		return ""
	}
	return strings.TrimSpace(string(result.Stdout))
}
