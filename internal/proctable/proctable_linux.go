package proctable

import (
	"bytes"
	"errors"
	"os"
	"strconv"
)

var errFormat = errors.New("unexpected content in /proc/PID/stat")

// Find returns the entry of a process. The error wraps fs.ErrNotExist if there is no such process, or if this process may not
// see it.
func Find(pid int) (Process, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Process{}, err
	}
	return parse(b)
}

// Rename changes the Name of this process, of which the system keeps 15 bytes.
func Rename(name string) error {
	return os.WriteFile("/proc/self/comm", []byte(name), 0)
}

// parse reads a line of /proc/PID/stat: PID (NAME) STATE PARENT …. The name may contain anything, parentheses too.
func parse(stat []byte) (Process, error) {
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return Process{}, errFormat
	}
	fields := bytes.Fields(stat[end+1:])
	if len(fields) < 2 {
		return Process{}, errFormat
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(stat[:open])))
	if err != nil {
		return Process{}, err
	}
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return Process{}, err
	}
	return Process{PID: pid, Parent: parent, Name: string(stat[open+1 : end])}, nil
}

// Children returns the PIDs of the processes that a process started and that have not ended, as far as this process may see
// them.
func Children(pid int) []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	var children []int
	for _, name := range names {
		n, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := Find(n); err == nil && p.Parent == pid {
			children = append(children, n)
		}
	}
	return children
}
