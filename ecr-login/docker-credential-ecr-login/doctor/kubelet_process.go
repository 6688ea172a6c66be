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

// A process is a kubelet that runs.
type process struct {
	pid    int
	args   []string
	dir    string   // in which it runs
	env    []string // a secret may be in it
	envErr error    // why env is not known
}

// A suspect is a process that is called kubelet and is not believed to be it: any user can give a process that name, and flags.
type suspect struct {
	pid   int
	doubt doubt
	why   string // follows "process PID" in a sentence; nothing in it is from the process
	err   error  // of couldNotCheck
}

// A doubt is why a process is not believed.
type doubt int

const (
	notKubelet    doubt = iota // it is another user's, in a container, or did not stay the same
	ownMounts                  // it is root's, and differs from a kubelet of this machine in its mount namespace alone
	couldNotCheck              // this user may not look
)

// findKubelets looks for kubelets in what the system shows of processes. It believes those that are root's by all their user IDs,
// share this process's namespaces, and were started from a program that is not setuid.
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

// inspect returns a process that is called kubelet, or why it is not believed; neither for any other. The environment is read
// only of one that is believed.
//
// The process's folder is kept open, so that all that is read is about one process, also if it ends and another gets its
// PID. The facts are read once more in the end, so that all is about one program: it may have started another meanwhile.
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

// isKubelet reports whether arguments begin with the name kubelet.
func isKubelet(line []byte) bool {
	name, _, _ := bytes.Cut(line, []byte{0})
	return filepath.Base(string(name)) == "kubelet"
}

// split takes texts apart that end in a zero each.
func split(texts []byte) []string {
	if len(texts) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(texts), "\x00"), "\x00")
}

// A namespaces has the kernel's names of a process's namespaces, by kind.
type namespaces map[string]string

// namespaceNames are the kinds of namespaces that count, for people.
var namespaceNames = map[string]string{"mnt": "mount", "pid": "PID", "user": "user"}

// readNamespaces reads each kind. A kernel without user namespaces has none to show.
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

// other returns the kinds in which two differ, sorted, for people.
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

// facts are what tells whether a process is still the same.
type facts struct {
	line    []byte // its arguments
	dir     string // in which it runs
	image   string // when it began, and where its arguments and variables are in memory, which changes with the program
	program fs.FileInfo
}

func (f facts) equal(g facts) bool {
	return bytes.Equal(f.line, g.line) && f.dir == g.dir && f.image == g.image && os.SameFile(f.program, g.program)
}

// readFacts reads what the folder dir, which is open as root, shows of a process, or returns why it is not believed. What is read
// by path is of the same process, as long as the open folder still shows it in the end.
//
// A setuid program such as sudo runs as root by all its user IDs while it asks for a password, with the arguments and in the
// environment of the user who started it.
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
	if f.program, err = os.Stat(filepath.Join(dir, "exe")); err != nil { // root follows no link that leads out of it
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

// doubtful is for a process of which something cannot be read.
func doubtful(err error) *suspect {
	if errors.Is(err, fs.ErrPermission) {
		return &suspect{doubt: couldNotCheck, why: "cannot be checked", err: cause(err)}
	}
	return &suspect{why: "cannot be checked"} // it has ended, as a rule
}

// readUIDs returns the real, effective, saved and file system user ID of a process.
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

// readImage returns when a process began, and where the arguments and variables of its program are in memory.
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

// The flags of kubelet that name providers.
const (
	configFlag = "--image-credential-provider-config"
	binFlag    = "--image-credential-provider-bin-dir"
)

// sameSetUp reports whether two processes have providers from the same place and the same environment. A kubelet that starts a
// program is there twice for a moment.
func (p *process) sameSetUp(q *process) bool {
	return p.flag(configFlag) == q.flag(configFlag) && p.flag(binFlag) == q.flag(binFlag) && slices.Equal(p.env, q.env)
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
