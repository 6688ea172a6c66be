package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
		then("%s", replace(own, path, filepath.SplitList(os.Getenv("PATH"))))
}

// local is where a program goes that no package manager knows.
const local = "/usr/local/bin"

// replace returns what makes clients run this program, whose file is own, and not the one that they find on PATH. A package
// manager's file is not overwritten: its next update would bring it back.
func replace(own, path string, dirs []string) string {
	dir := filepath.Dir(path)
	if !packaged(path) {
		return fmt.Sprintf("sudo install %s %s", own, path)
	}
	const pkg = "the package that installed %s (usually amazon-ecr-credential-helper)"
	if i := slices.Index(dirs, local); i >= 0 && i < slices.Index(dirs, dir) {
		return fmt.Sprintf("sudo install %s %s/%s, which comes before %s on PATH; or remove "+pkg, own, local, binary, dir, path)
	}
	return fmt.Sprintf("remove "+pkg+", or put a directory with this program before %s on PATH", path, dir)
}

// packaged reports whether a package manager owns a file, as far as the path shows it.
func packaged(path string) bool {
	if real, err := filepath.EvalSymlinks(path); err == nil && strings.Contains(real, "/Cellar/") { // of Homebrew
		return true
	}
	owned := func(dir string) bool { return strings.HasPrefix(path, dir) }
	return owned("/usr/") && !owned("/usr/local/") || slices.ContainsFunc([]string{"/bin/", "/sbin/", "/snap/", "/nix/", "/run/current-system/"}, owned)
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
