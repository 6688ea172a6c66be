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

// A namespace is named as the kernel names it, for example "pid:[4026532281]".
type namespace string

// namespacesOf returns the namespaces of a process that it does not share with this one.
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

// leftovers returns an error naming everything that is still there of a run: processes
// in one of its namespaces, mounts that the machine did not have before, and cgroups.
// The cgroups it removes, which only succeeds for those without a process.
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

// processesIn lists the processes in any of the namespaces, as "PID COMMAND".
func processesIn(inside []namespace) ([]string, error) {
	links, err := filepath.Glob("/proc/[0-9]*/ns/*")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, link := range links {
		ns, err := os.Readlink(link)
		if err != nil || !slices.Contains(inside, namespace(ns)) {
			continue // gone in the meantime, or none of ours
		}
		process := filepath.Dir(filepath.Dir(link))
		command, _ := os.ReadFile(filepath.Join(process, "comm"))
		found = append(found, filepath.Base(process)+" "+strings.TrimSpace(string(command)))
	}
	return slices.Compact(found), nil
}

// mounts lists where something is mounted on this machine.
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

// removeCgroups removes the cgroup name from every hierarchy, with all below it.
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

// removeTree removes the folders of a cgroup, inner ones first; the files in them are
// the kernel's and go with them.
func removeTree(root string) error {
	var folders []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	for _, folder := range slices.Backward(folders) {
		err = errors.Join(err, os.Remove(folder))
	}
	return err
}
