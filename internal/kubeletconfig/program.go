package kubeletconfig

import (
	"context"
	"runtime"
	"strings"
	"time"

	"ecrlogin/internal/program"
	"ecrlogin/internal/subprocess"
	"ecrlogin/internal/trustedpath"
)

// ProgramName returns the file name of a provider's program.
func ProgramName(provider string) string {
	if runtime.GOOS == "windows" {
		return provider + ".exe"
	}
	return provider
}

// Run runs a provider's program with only the variables of c.Env; with none if it is nil. If a user other than root
// and the current user could have replaced the program, Run returns a *trustedpath.Error and does not run it. This
// matters because root calls Run for a path from a flag or from a process named kubelet.
func Run(ctx context.Context, c subprocess.Command) (subprocess.Result, error) {
	if err := trustedpath.Check(c.Path); err != nil {
		return subprocess.Result{}, err
	}
	c.Env = append([]string{}, c.Env...)
	return c.Run(ctx)
}

// VersionOf returns the version of a provider's program. It reports ours if it is any version of this program. For
// other programs, version is empty. It returns the error of Run for a program that must not be run.
func VersionOf(ctx context.Context, path string) (version string, ours bool, err error) {
	if err := trustedpath.Check(path); err != nil {
		return "", false, err
	}
	version, ours = strings.CutPrefix(AskVersion(ctx, path, []string{"AWS_EC2_METADATA_DISABLED=true"}), program.Command+" ")
	const longest = 80
	if !ours || len(version) > longest || strings.ContainsAny(version, "\r\n") {
		return "", false, nil
	}
	return version, true, nil
}

// versionTime is the timeout for printing the version.
const versionTime = 2 * time.Second

// AskVersion runs a program under the name docker-credential-ecr-login with the argument version. It returns the
// trimmed output, or "" if the program fails. If env is nil, the program gets the environment of this process.
func AskVersion(ctx context.Context, path string, env []string) string {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	result, err := subprocess.Command{Path: path, Args: []string{program.Command, "version"}, Env: env}.Run(ctx)
	if err != nil || result.ExitCode != 0 {
		return ""
	}
	return strings.TrimSpace(string(result.Stdout))
}
