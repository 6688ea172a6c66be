// Package capslock_test checks what packages of the program can do, with capslock. It finds the functions of the
// standard library that the code of a package can reach via its dependencies, such as net.Dial and os/exec.
//
// capslock also reports calls that only its analysis considers possible. accepted.txt lists the capabilities of each
// package, with the reason for each one. NETWORK, EXEC and CGO cannot be accepted.
package capslock_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// analyzed are the packages, and the systems for which each is analyzed. registry and config decide which host gets a
// password. The others parse what clients and the kubelet send, or serve a cache hit.
var analyzed = map[string][]string{
	"registry":            {"linux"}, // has no files for other systems
	"config":              {"linux", "windows"},
	"credentials/docker":  {"linux"},
	"credentials/kubelet": {"linux"},
	"internal/fastpath":   {"linux"},
}

// never are the capabilities that no analyzed package may have.
var never = []string{"NETWORK", "EXEC", "CGO"}

// A row is a capability of a package on a system.
type row struct{ pkg, system, capability string }

// TestCapabilities compares the capabilities of packages with those in accepted.txt.
func TestCapabilities(t *testing.T) {
	program := filepath.Join(t.TempDir(), "capslock")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/google/capslock/cmd/capslock").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all := accepted(t)
	for pkg, systems := range analyzed {
		for _, system := range systems {
			t.Run(pkg+"/"+system, func(t *testing.T) {
				t.Parallel()
				found := capabilities(t, program, pkg, system)
				for capability, path := range found {
					switch {
					case slices.Contains(never, capability):
						t.Errorf("%s has the capability %s:\n%s", pkg, capability, path)
					case !all[row{pkg, system, capability}]:
						t.Errorf("%s has the capability %s, which accepted.txt does not list:\n%s", pkg, capability, path)
					}
				}
				for r := range all {
					if r.pkg == pkg && r.system == system && found[r.capability] == "" {
						t.Errorf("accepted.txt lists the capability %s of %s, which it does not have", r.capability, pkg)
					}
				}
			})
		}
	}
}

// capabilities returns the capabilities of a package, each with an example of a call path. Packages are analyzed one at
// a time, because capslock mixes up the callers of generic functions.
func capabilities(t *testing.T, program, pkg, system string) map[string]string {
	t.Helper()
	cmd := exec.Command(program, "-packages", "./"+pkg, "-goos", system, "-output", "json")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as "make build"
	out, err := cmd.Output()
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("capslock: %v\n%s", err, exited.Stderr)
	}
	var report struct {
		CapabilityInfo []struct {
			Capability string
			Path       []struct{ Name string }
		}
	}
	if err := errors.Join(err, json.Unmarshal(out, &report)); err != nil {
		t.Fatalf("capslock: %v\n%s", err, out)
	}
	found := map[string]string{}
	for _, c := range report.CapabilityInfo {
		path := ""
		for _, call := range c.Path {
			path += "    " + call.Name + "\n"
		}
		found[strings.TrimPrefix(c.Capability, "CAPABILITY_")] = path
	}
	return found
}

// accepted reads accepted.txt, whose lines consist of a package, systems, a capability and a reason.
func accepted(t *testing.T) map[row]bool {
	t.Helper()
	file, err := os.Open("accepted.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := map[row]bool{}
	for lines, n := bufio.NewScanner(file), 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		where := fmt.Sprintf("accepted.txt:%d", n)
		if len(fields) < 5 {
			t.Fatalf("%s: no reason", where)
		}
		if slices.Contains(never, fields[2]) {
			t.Errorf("%s: %s cannot be accepted", where, fields[2])
		}
		for system := range strings.SplitSeq(fields[1], ",") {
			if !slices.Contains(analyzed[fields[0]], system) {
				t.Errorf("%s: %s is not analyzed for %s", where, fields[0], system)
			}
			rows[row{fields[0], system, fields[2]}] = true
		}
	}
	return rows
}
