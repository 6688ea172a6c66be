package doctor

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"
)

// program looks which file clients would run.
func (e *exam) program(ctx context.Context) result {
	own, err := os.Executable()
	if err != nil {
		return skipped("%s; which file this program is cannot be told: %v", e.Version, err)
	}
	path, err := exec.LookPath(binary)
	switch {
	case errors.Is(err, exec.ErrDot):
		return failed("on PATH %s is only in the current folder, from which clients run nothing", binary).then("sudo install %s /usr/local/bin/%s", own, binary)
	case err != nil:
		return failed("no %s is on PATH, so clients do not find it; this is %s, version %s", binary, own, e.Version).
			then("sudo install %s /usr/local/bin/%s", own, binary)
	case same(path, own):
		return ok("%s, version %s", path, e.Version)
	}
	version := versionOf(ctx, path)
	if version == binary+" "+e.Version {
		return ok("%s, version %s, as this one is, %s", path, e.Version, own)
	}
	return failed("clients run %s (%s), which is another program than this one, %s (%s %s)", path, version, own, binary, e.Version).
		then("sudo install %s %s", own, path)
}

// same reports whether two paths lead to the same file.
func same(a, b string) bool {
	first, err := os.Stat(a)
	second, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(first, second)
}

// versionTime is how long another program has to tell its version.
const versionTime = 2 * time.Second

// versionOf asks another program that clients would run for its version, in its own words.
func versionOf(ctx context.Context, path string) string {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.WaitDelay = versionTime
	out, err := cmd.Output()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	const longest = 80
	if line = oneLine(line); err != nil || line == "" || len(line) > longest {
		return "which does not tell its version"
	}
	return line
}
