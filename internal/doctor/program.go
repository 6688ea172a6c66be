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

	"ecrlogin/internal/check"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/program"
	"ecrlogin/internal/trustedpath"
)

// Program checks which file clients run.
func Program(ctx context.Context, s *check.Settings) check.Result { return newChecker(s).program(ctx) }

func (c *checker) program(ctx context.Context) check.Result {
	own, err := os.Executable()
	if err != nil {
		return check.Skipped("version %s; the path of this program is unknown: %v", c.Version, err)
	}
	path, err := exec.LookPath(program.Command)
	install := fmt.Sprintf("sudo install %s %s/%s", own, local, program.Command)
	switch {
	case errors.Is(err, exec.ErrDot):
		return check.Failed("%s is on PATH only in the current directory, from which clients do not run programs", program.Command).
			Then("%s", install)
	case err != nil:
		return check.Failed("%s is not on PATH, so clients cannot find it; this program is %s, version %s", program.Command, own, c.Version).
			Then("%s", install)
	case same(path, own):
		return check.OK("%s, version %s", path, c.Version)
	}
	instead := fmt.Sprintf("instead of this program, %s (%s %s)", own, program.Command, c.Version)
	next := replace(own, path, filepath.SplitList(c.Env.Get("PATH")))
	if err := trustedpath.Check(path); err != nil && os.Geteuid() == 0 {
		return check.Failed("clients run %s %s; it is not run as root, because %s", path, instead, check.Error(err).Found).Then("%s", next)
	}
	version := versionOf(ctx, path)
	if version == program.Command+" "+c.Version {
		return check.OK("%s, version %s, the same as this program, %s", path, c.Version, own)
	}
	return check.Failed("clients run %s (%s) %s", path, version, instead).Then("%s", next)
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
		return fmt.Sprintf("sudo install %s %s/%s, which comes before %s on PATH; or remove "+pkg, own, local, program.Command, dir, path)
	}
	return fmt.Sprintf("remove "+pkg+", or put a directory with this program before %s on PATH", path, dir)
}

// packaged reports whether a package manager owns a file, judging by its path.
func packaged(path string) bool {
	if real, err := filepath.EvalSymlinks(path); err == nil && strings.Contains(real, "/Cellar/") { // Homebrew
		return true
	}
	owned := func(dir string) bool { return strings.HasPrefix(path, dir) }
	return owned("/usr/") && !owned("/usr/local/") ||
		slices.ContainsFunc([]string{"/bin/", "/sbin/", "/snap/", "/nix/", "/run/current-system/"}, owned)
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
