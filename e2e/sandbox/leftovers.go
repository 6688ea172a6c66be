package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A namespace is the kernel's name of a namespace, for example "pid:[4026532281]".
type namespace string

// namespacesOf returns the namespaces of a process that differ from those of this process.
func namespacesOf(pid int) ([]namespace, error) {
	var own []namespace
	for _, kind := range []string{"pid", "mnt", "net", "ipc"} {
		theirs, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "ns", kind))
		if err != nil {
			return nil, fmt.Errorf("reading the namespaces of process %d: %w", pid, err)
		}
		ours, err := os.Readlink(filepath.Join("/proc/self/ns", kind))
		if err != nil {
			return nil, err
		}
		if theirs != ours {
			own = append(own, namespace(theirs))
		}
	}
	return own, nil
}

// leftovers returns an error that lists what a run has left: processes in its namespaces, new mounts on the machine,
// and cgroups that cannot be removed because they contain processes. It removes the other cgroups.
func leftovers(inside []namespace, before []string, dir string) error {
	var errs []error
	processes, err := processesIn(inside)
	errs = append(errs, err)
	for _, p := range processes {
		errs = append(errs, fmt.Errorf("left behind: process %s", p))
	}
	after, err := mounts()
	errs = append(errs, err)
	for _, m := range after {
		if !slices.Contains(before, m) {
			errs = append(errs, fmt.Errorf("left behind: mount on %s", m))
		}
	}
	return errors.Join(append(errs, removeCgroups(filepath.Base(dir)))...)
}

// processesIn returns the processes in one of the namespaces, as "PID COMMAND".
func processesIn(inside []namespace) ([]string, error) {
	links, err := filepath.Glob("/proc/[0-9]*/ns/*")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, link := range links {
		ns, err := os.Readlink(link)
		if err != nil || !slices.Contains(inside, namespace(ns)) {
			continue // ended, or in another namespace
		}
		process := filepath.Dir(filepath.Dir(link))
		command, _ := os.ReadFile(filepath.Join(process, "comm"))
		found = append(found, filepath.Base(process)+" "+strings.TrimSpace(string(command)))
	}
	return slices.Compact(found), nil
}

// mounts returns the mount points of this machine.
func mounts() ([]string, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var points []string
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			points = append(points, fields[4])
		}
	}
	return points, nil
}

// removeCgroups removes the cgroup name and its descendants from all hierarchies.
func removeCgroups(name string) error {
	var errs []error
	for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
		roots, err := filepath.Glob(pattern + name)
		errs = append(errs, err)
		for _, root := range roots {
			errs = append(errs, removeTree(root))
		}
	}
	return errors.Join(errs...)
}

// removeTree removes the directories of a cgroup, inner ones first. The kernel removes their files.
func removeTree(root string) error {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	for _, dir := range slices.Backward(dirs) {
		err = errors.Join(err, os.Remove(dir))
	}
	return err
}
