package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A process is a kubelet that runs.
type process struct {
	pid    int
	proc   string // the folder in which the system shows it
	args   []string
	dir    string   // in which it runs
	env    []string // a secret may be in it
	envErr error    // why env is not known
}

// findKubelet looks for one in what the system shows of processes, with preference for one that was given providers; nil if
// there is none.
func findKubelet(proc string) (*process, error) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, cause(err)
	}
	var found *process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join(proc, e.Name())
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil { // it has ended
			continue
		}
		args := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		if filepath.Base(args[0]) != "kubelet" {
			continue
		}
		p := &process{pid: pid, proc: dir, args: args}
		p.dir, _ = os.Readlink(filepath.Join(dir, "cwd"))
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		p.envErr = cause(err)
		for v := range bytes.SplitSeq(env, []byte{0}) {
			if len(v) > 0 {
				p.env = append(p.env, string(v))
			}
		}
		if found == nil || p.flag("--image-credential-provider-config") != "" {
			found = p
		}
	}
	return found, nil
}

// flag returns the path that a flag has, "" if it is not there.
func (p *process) flag(name string) string {
	path := ""
	for i, arg := range p.args {
		if arg == name && i+1 < len(p.args) {
			path = p.args[i+1]
		} else if value, ok := strings.CutPrefix(arg, name+"="); ok {
			path = value
		}
	}
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(p.dir, path)
	}
	return path
}

// cause leaves out the path, which is this machine's business.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %w", at.Op, at.Err)
	}
	return err
}
