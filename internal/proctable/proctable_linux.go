package proctable

import (
	"bytes"
	"errors"
	"os"
	"strconv"
)

var errFormat = errors.New("unexpected content in /proc/PID/stat")

// Find returns the entry of a process. The error wraps fs.ErrNotExist if the process does not exist or is not visible
// to this process.
func Find(pid int) (Process, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Process{}, err
	}
	return parse(b)
}

// Rename changes the Name of this process. The system truncates it to 15 bytes.
func Rename(name string) error {
	return os.WriteFile("/proc/self/comm", []byte(name), 0)
}

// parse reads a line of /proc/PID/stat: PID (NAME) STATE PARENT …. The name may contain any character, including
// parentheses.
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

// Children returns the PIDs of the running children of a process that are visible to this process.
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
