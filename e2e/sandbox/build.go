package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// These variables contain the absolute paths of the programs to test. A program whose variable is not set is built from
// this repository.
const (
	helperVariable  = "ECR_LOGIN_HELPER"
	refreshVariable = "ECR_TOKEN_REFRESH"
)

// BuildHelper creates the helper at output. It links the helper of helperVariable, or builds it in the module at root.
func BuildHelper(root, output string) error {
	return link(helperVariable, root, output, "./ecr-login/docker-credential-ecr-login")
}

// BuildRefresh creates ecr-token-refresh at output. It links the program of refreshVariable, or builds it in the module
// at root.
func BuildRefresh(root, output string) error {
	return link(refreshVariable, root, output, "./ecr-login/ecr-token-refresh")
}

func link(variable, root, output, pkg string) error {
	built := os.Getenv(variable)
	switch {
	case built == "":
		return GoBuild(root, output, pkg)
	case !filepath.IsAbs(built):
		return fmt.Errorf("%s is %q, want an absolute path", variable, built)
	}
	return os.Symlink(built, output)
}

// GoBuild builds a static program in the module at dir.
func GoBuild(dir, output, pkg string, linkerFlags ...string) error {
	ldflags := "-ldflags=" + strings.Join(append([]string{"-s", "-w"}, linkerFlags...), " ")
	// -buildvcs=false, because git fails if the repository belongs to another user.
	cmd := exec.Command("go", "build", "-C", dir, "-buildvcs=false", "-trimpath", ldflags, "-o", output, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s in %s: %w\n%s", pkg, dir, err, out)
	}
	return nil
}

// BuildHelm builds Helm in the module at root, and creates a link to it at output.
func BuildHelm(root, output string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	if out, err := exec.Command("make", "--silent", "-C", root, "helm").CombinedOutput(); err != nil {
		return fmt.Errorf("building Helm: %w\n%s", err, out)
	}
	return os.Symlink(filepath.Join(root, "bin", "helm"), output)
}

// GoInstall builds the program of a package with a version, such as "example.com/mod/cmd/prog@v1.2.3", in its own module,
// and creates a link to it at output. The program is kept in bin/e2e of the module at root, so that later runs do not
// link it again.
func GoInstall(root, output, program string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	pkg, _, _ := strings.Cut(program, "@")
	dir := filepath.Join(root, "bin", "e2e", filepath.Base(output))
	cmd := exec.Command("go", "install", "-trimpath", "-ldflags=-s -w", program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("installing %s: %w\n%s", program, err, out)
	}
	return os.Symlink(filepath.Join(dir, path.Base(pkg)), output)
}

// ModuleDir downloads a module, such as "example.com/mod@v1.2.3", and returns its directory. The module is not one of
// the tests' dependencies.
func ModuleDir(module string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		return "", fmt.Errorf("downloading %s: %w\n%s", module, err, out)
	}
	var m struct{ Dir string }
	err = json.Unmarshal(out, &m)
	return m.Dir, err
}
