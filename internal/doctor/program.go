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

	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/trustedpath"
)

// program checks which file clients run.
func (e *exam) program(ctx context.Context) result {
	own, err := os.Executable()
	if err != nil {
		return skipped("version %s; the path of this program is unknown: %v", e.Version, err)
	}
	path, err := exec.LookPath(binary)
	switch {
	case errors.Is(err, exec.ErrDot):
		return failed("%s is on PATH only in the current directory, from which clients do not run programs", binary).then("sudo install %s /usr/local/bin/%s", own, binary)
	case err != nil:
		return failed("%s is not on PATH, so clients cannot find it; this program is %s, version %s", binary, own, e.Version).
			then("sudo install %s /usr/local/bin/%s", own, binary)
	case same(path, own):
		return ok("%s, version %s", path, e.Version)
	}
	dirs := filepath.SplitList(os.Getenv("PATH"))
	if err := trustedpath.Check(path); err != nil && os.Geteuid() == 0 {
		why, _, _ := strings.Cut(err.Error(), "; ")
		return failed("clients run %s instead of this program, %s (%s %s); it is not run as root, because %s", path, own, binary, e.Version, why).
			then("%s", replace(own, path, dirs))
	}
	version := versionOf(ctx, path)
	if version == binary+" "+e.Version {
		return ok("%s, version %s, the same as this program, %s", path, e.Version, own)
	}
	return failed("clients run %s (%s) instead of this program, %s (%s %s)", path, version, own, binary, e.Version).
		then("%s", replace(own, path, dirs))
}

// Installed returns why clients do not run this program and the next step, or "" and "" if they do.
func (d *Doctor) Installed(ctx context.Context) (cause, next string) {
	r := (&exam{Doctor: d}).program(ctx)
	if r.status != Failed {
		return "", ""
	}
	return r.found, r.next
}

// local is the directory for programs that are installed without a package manager.
const local = "/usr/local/bin"

// replace returns the step that makes clients run this program, whose file is own, instead of the file at path. It
// does not overwrite a package manager's file, because the next package update would restore it.
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

// packaged reports whether a package manager owns a file, judging by its path.
func packaged(path string) bool {
	if real, err := filepath.EvalSymlinks(path); err == nil && strings.Contains(real, "/Cellar/") { // Homebrew
		return true
	}
	owned := func(dir string) bool { return strings.HasPrefix(path, dir) }
	return owned("/usr/") && !owned("/usr/local/") || slices.ContainsFunc([]string{"/bin/", "/sbin/", "/snap/", "/nix/", "/run/current-system/"}, owned)
}

// same reports whether two paths refer to the same file.
func same(a, b string) bool {
	first, err := os.Stat(a)
	second, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(first, second)
}

// versionOf returns the version line that another program prints.
func versionOf(ctx context.Context, path string) string {
	line, _, _ := strings.Cut(kubeletconfig.AskVersion(ctx, path, nil), "\n")
	const longest = 80
	if line = oneline.Clean(line); line == "" || len(line) > longest {
		return "unknown version"
	}
	return line
}
