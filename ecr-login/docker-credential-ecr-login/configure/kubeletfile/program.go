package kubeletfile

import (
	"context"
	"os/exec"
	"runtime"
	"strings"
	"time"
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

// versionTime is how long a program has to tell its version.
const versionTime = 2 * time.Second

// VersionOf asks the program of a provider for its version. It is ours if it is this program, perhaps of another version;
// what others say is not repeated.
func VersionOf(ctx context.Context, path string) (version string, ours bool) {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Args = []string{self, "version"}
	cmd.Env = []string{"AWS_EC2_METADATA_DISABLED=true"}
	cmd.WaitDelay = versionTime
	out, err := cmd.Output()
	if err != nil {
		return "", false
	}
	version, ours = strings.CutPrefix(strings.TrimSpace(string(out)), self+" ")
	const longest = 80
	if !ours || len(version) > longest || strings.ContainsAny(version, "\r\n") {
		return "", false
	}
	return version, true
}
