package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A process is a running kubelet.
type process struct {
	pid    int
	args   []string
	dir    string   // working directory
	env    []string // may contain secrets
	envErr error    // why env is unknown
}

// A suspect is a process that is named kubelet but is not trusted: any user can start a process with that name and any
// flags.
type suspect struct {
	pid   int
	doubt doubt
	why   string // follows "process PID, which"; contains no data of the process
	err   error  // set if doubt is couldNotCheck
}

// A doubt is why a process is not trusted.
type doubt int

const (
	notKubelet    doubt = iota // belongs to another user, is in a container, or changed
	ownMounts                  // runs as root and differs only in its mount namespace
	couldNotCheck              // this user has no permission
)

// findKubelets finds kubelets in the process file system. It trusts those whose user IDs are all root's, which share
// the namespaces of this process, and whose program is not setuid.
func findKubelets(proc string) (found []*process, suspects []suspect, err error) {
	own, err := readNamespaces(func(kind string) (string, error) { return os.Readlink(filepath.Join(proc, "self", "ns", kind)) })
	if err != nil {
		return nil, nil, cause(err)
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, nil, cause(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		p, s := inspect(pid, filepath.Join(proc, e.Name()), own)
		if p != nil {
			found = append(found, p)
		}
		if s != nil {
			suspects = append(suspects, *s)
		}
	}
	byPID := func(a, b *process) int { return a.pid - b.pid }
	slices.SortFunc(found, byPID)
	slices.SortFunc(suspects, func(a, b suspect) int { return a.pid - b.pid })
	return found, suspects, nil
}

// inspect returns a process that is named kubelet, or why it is not trusted; both are nil for any other process. It
// reads the environment only of a trusted process.
//
// inspect keeps the directory of the process open, so that all data is from one process even if it ends and its PID is
// reused. It reads the facts again at the end, because the process may have started another program.
func inspect(pid int, dir string, own namespaces) (*process, *suspect) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil // it has ended
	}
	defer root.Close()
	if line, err := root.ReadFile("cmdline"); err != nil || !isKubelet(line) {
		return nil, nil
	}
	before, s := readFacts(root, dir, own)
	if s == nil {
		env, err := root.ReadFile("environ")
		after, s := readFacts(root, dir, own)
		if s == nil && before.equal(after) && isKubelet(after.line) {
			variables := slices.DeleteFunc(split(env), func(v string) bool { return v == "" })
			return &process{pid: pid, args: split(after.line), dir: after.dir, env: variables, envErr: cause(err)}, nil
		}
		return nil, &suspect{pid: pid, why: "changed while it was checked"}
	}
	s.pid = pid
	return nil, s
}

// isKubelet reports whether the base name of the first argument is kubelet.
func isKubelet(line []byte) bool {
	name, _, _ := bytes.Cut(line, []byte{0})
	return filepath.Base(string(name)) == "kubelet"
}

// split splits strings that each end in a zero byte.
func split(texts []byte) []string {
	if len(texts) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(texts), "\x00"), "\x00")
}

// namespaces maps each kind to the kernel's name of a process's namespace.
type namespaces map[string]string

// namespaceNames maps the kinds of namespaces that are compared to their names in messages.
var namespaceNames = map[string]string{"mnt": "mount", "pid": "PID", "user": "user"}

// readNamespaces reads each kind. The user namespace is missing on a kernel without user namespaces.
func readNamespaces(readlink func(kind string) (string, error)) (namespaces, error) {
	all := namespaces{}
	for kind := range namespaceNames {
		name, err := readlink(kind)
		if err != nil && !(kind == "user" && errors.Is(err, fs.ErrNotExist)) {
			return nil, err
		}
		all[kind] = name
	}
	return all, nil
}

// other returns the names of the kinds in which two processes differ, sorted.
func (n namespaces) other(own namespaces) []string {
	var kinds []string
	for kind, name := range namespaceNames {
		if n[kind] != own[kind] {
			kinds = append(kinds, name)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// facts identify a process and its program, to detect changes.
type facts struct {
	line    []byte // arguments, each ending in a zero byte
	dir     string // working directory
	image   string // start time and memory addresses of arguments and variables, which change with the program
	program fs.FileInfo
}

func (f facts) equal(g facts) bool {
	return bytes.Equal(f.line, g.line) && f.dir == g.dir && f.image == g.image && os.SameFile(f.program, g.program)
}

// readFacts reads the facts of a process from its directory dir, which is open as root, or returns why it is not
// trusted. Data that is read by path is from the same process if the open directory can still be read afterwards.
//
// All user IDs of a setuid program such as sudo are root's while it waits for a password, but its arguments and
// environment are from the user who started it.
func readFacts(root *os.Root, dir string, own namespaces) (f facts, s *suspect) {
	uids, err := readUIDs(root)
	if err != nil {
		return f, doubtful(err)
	}
	for _, uid := range uids {
		if uid != "0" {
			return f, &suspect{why: "runs as user " + uid}
		}
	}
	all, err := readNamespaces(func(kind string) (string, error) { return root.Readlink("ns/" + kind) })
	if err != nil {
		return f, doubtful(err)
	}
	switch other := all.other(own); {
	case slices.Equal(other, []string{"mount"}):
		return f, &suspect{doubt: ownMounts, why: "has its own mount namespace"}
	case len(other) > 0:
		return f, &suspect{why: fmt.Sprintf("is in a container (%s namespace)", strings.Join(other, ", "))}
	}
	if f.program, err = os.Stat(filepath.Join(dir, "exe")); err != nil { // root does not follow links that lead out of it
		return f, doubtful(err)
	}
	if f.program.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
		return f, &suspect{why: "runs a setuid program"}
	}
	if f.dir, err = root.Readlink("cwd"); err != nil {
		return f, doubtful(err)
	}
	if f.image, err = readImage(root); err != nil {
		return f, doubtful(err)
	}
	if f.line, err = root.ReadFile("cmdline"); err != nil {
		return f, doubtful(err)
	}
	return f, nil
}

// doubtful returns the suspect for a process that cannot be read.
func doubtful(err error) *suspect {
	if errors.Is(err, fs.ErrPermission) {
		return &suspect{doubt: couldNotCheck, why: "cannot be checked", err: cause(err)}
	}
	return &suspect{why: "cannot be checked"} // usually it has ended
}

// readUIDs returns the real, effective, saved and file system user IDs of a process.
// Source: proc_pid_status(5)
func readUIDs(root *os.Root) ([]string, error) {
	status, err := root.ReadFile("status")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(status)) {
		if uids := strings.Fields(line); len(uids) == 5 && uids[0] == "Uid:" {
			return uids[1:], nil
		}
	}
	return nil, errors.New("status has no user IDs")
}

// readImage returns the start time of a process, and the memory addresses of its arguments and variables.
// Source: proc_pid_stat(5)
func readImage(root *os.Root) (string, error) {
	stat, err := root.ReadFile("stat")
	if err != nil {
		return "", err
	}
	const first, start, memory = 3, 22, 48 // fields from 1; starttime; arg_start, the first of four
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < memory+4-first {
		return "", errors.New("stat has too few fields")
	}
	return fields[start-first] + " " + strings.Join(fields[memory-first:memory+4-first], " "), nil
}

// The flags of kubelet that configure credential providers.
const (
	configFlag = "--image-credential-provider-config"
	binFlag    = "--image-credential-provider-bin-dir"
)

// sameSetUp reports whether two processes have the same provider flags and the same environment. While kubelet starts
// a program, there are briefly two such processes.
func (p *process) sameSetUp(q *process) bool {
	return p.flag(configFlag) == q.flag(configFlag) && p.flag(binFlag) == q.flag(binFlag) && slices.Equal(p.env, q.env)
}

// flag returns the path that a flag sets, "" if it is not set.
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

// cause removes the path from an error, because messages already contain the process or file.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %w", at.Op, at.Err)
	}
	return err
}
