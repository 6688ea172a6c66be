package nodedoctor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ecrlogin/internal/kubeletconfig"
)

// A process is named kubelet. Any user can start a process with that name and any flags.
type process struct {
	pid      int
	distrust error    // why it is not trusted to be kubelet: an untrusted, or the error of reading it; the rest is then unset
	args     []string // the first is the name
	dir      string   // working directory
	env      []string // may contain secrets
	envErr   error    // why env is unknown
}

// An untrusted is why a process is not trusted. It follows "process PID, which", and contains no data of the process.
type untrusted string

func (u untrusted) Error() string { return string(u) }

// ownMounts is for a process that runs as root and differs only in its mount namespace.
const ownMounts = untrusted("has its own mount namespace")

// findKubelets finds the processes that are named kubelet in the process file system, sorted by PID. It trusts those
// whose user IDs are all root's, which share the namespaces of this process, and whose program is not setuid.
func findKubelets(proc string) ([]*process, error) {
	own, err := readNamespaces(func(link string) (string, error) { return os.Readlink(filepath.Join(proc, "self", link)) })
	if err != nil {
		return nil, cause(err)
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, cause(err)
	}
	var found []*process
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			found = append(found, inspect(pid, filepath.Join(proc, e.Name()), own))
		}
	}
	found = slices.DeleteFunc(found, func(p *process) bool { return p == nil })
	slices.SortFunc(found, func(p, q *process) int { return cmp.Compare(p.pid, q.pid) })
	return found, nil
}

// inspect returns a process that is named kubelet, nil for any other process. It reads the environment only of a
// trusted process.
//
// inspect keeps the directory of the process open, so that all data is from one process even if it ends and its PID is
// reused. It reads the facts again at the end, because the process may have started another program.
func inspect(pid int, dir string, own namespaces) *process {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil // it has ended
	}
	defer root.Close()
	if line, err := root.ReadFile("cmdline"); err != nil || !isKubelet(line) {
		return nil
	}
	before, err := readFacts(root, dir, own)
	if err != nil {
		return &process{pid: pid, distrust: err}
	}
	env, envErr := root.ReadFile("environ")
	after, err := readFacts(root, dir, own)
	if err != nil || !before.equal(after) || !isKubelet(after.line) {
		return &process{pid: pid, distrust: untrusted("changed while it was checked")}
	}
	args := strings.Split(strings.TrimSuffix(string(after.line), "\x00"), "\x00")
	variables := strings.FieldsFunc(string(env), func(r rune) bool { return r == 0 })
	return &process{pid: pid, args: args, dir: after.dir, env: variables, envErr: cause(envErr)}
}

// isKubelet reports whether the base name of the first argument is kubelet.
func isKubelet(line []byte) bool {
	name, _, _ := bytes.Cut(line, []byte{0})
	return filepath.Base(string(name)) == "kubelet"
}

// namespaceKinds are the namespaces that are compared: the links in /proc/PID, with the names in messages.
var namespaceKinds = [...]struct{ link, name string }{{"ns/pid", "PID"}, {"ns/mnt", "mount"}, {"ns/user", "user"}}

// namespaces are the targets of these links. The user namespace is missing on a kernel without user namespaces.
type namespaces [len(namespaceKinds)]string

func readNamespaces(readlink func(link string) (string, error)) (all namespaces, err error) {
	for i, kind := range namespaceKinds {
		if all[i], err = readlink(kind.link); err != nil && !(kind.name == "user" && errors.Is(err, fs.ErrNotExist)) {
			return all, err
		}
	}
	return all, nil
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
func readFacts(root *os.Root, dir string, own namespaces) (f facts, err error) {
	if err := checkUsers(root); err != nil {
		return f, err
	}
	if err := checkNamespaces(root, own); err != nil {
		return f, err
	}
	if f.program, err = os.Stat(filepath.Join(dir, "exe")); err != nil { // root does not follow links that lead out of it
		return f, err
	}
	if f.program.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
		return f, untrusted("runs a setuid program")
	}
	if f.dir, err = root.Readlink("cwd"); err != nil {
		return f, err
	}
	if f.image, err = readImage(root); err != nil {
		return f, err
	}
	f.line, err = root.ReadFile("cmdline")
	return f, err
}

// checkUsers checks the real, effective, saved and file system user IDs of a process.
// Source: proc_pid_status(5)
func checkUsers(root *os.Root) error {
	status, err := root.ReadFile("status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		uids, isUIDs := strings.CutPrefix(line, "Uid:")
		if fields := strings.Fields(uids); isUIDs && len(fields) == 4 {
			if i := slices.IndexFunc(fields, func(uid string) bool { return uid != "0" }); i >= 0 {
				return untrusted("runs as user " + fields[i])
			}
			return nil
		}
	}
	return errors.New("status has no user IDs")
}

// checkNamespaces checks that a process is in the namespaces of this one.
func checkNamespaces(root *os.Root, own namespaces) error {
	its, err := readNamespaces(root.Readlink)
	if err != nil {
		return err
	}
	var other []string
	for i, kind := range namespaceKinds {
		if its[i] != own[i] {
			other = append(other, kind.name)
		}
	}
	switch names := strings.Join(other, ", "); names {
	case "":
		return nil
	case "mount":
		return ownMounts
	default:
		return untrusted("is in a container (" + names + " namespace)")
	}
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

// sameSetUp reports whether two processes have the same provider flags and the same environment. While the kubelet
// starts a program, there are briefly two such processes.
func (p *process) sameSetUp(q *process) bool {
	return p.flag(configFlag) == q.flag(configFlag) && p.flag(binFlag) == q.flag(binFlag) && slices.Equal(p.env, q.env)
}

// flag returns the path that a flag sets, "" if it is not set.
func (p *process) flag(name string) string {
	path := kubeletconfig.Flag(p.args, name)
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(p.dir, path)
	}
	return path
}

// cause removes the path from an error, because messages already contain the process or file.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", at.Op, at.Err)
	}
	return err
}
