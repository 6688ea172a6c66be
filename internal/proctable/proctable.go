// Package proctable reads the operating system's process table, as far as the current user may read it: names, parents
// and children of processes. Only Linux is supported; elsewhere every function fails or finds nothing.
package proctable

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A Process is one entry of the table.
type Process struct {
	Parent int    // the PID of its parent; 0 if it has no visible parent
	Name   string // the command name, which a process can change
	Start  string // when it started, in clock ticks since boot; "" if it is unknown
}

// Find returns the entry of a process. The error wraps fs.ErrNotExist if the process does not exist or is not visible
// to this process.
func Find(pid int) (Process, error) {
	if runtime.GOOS != "linux" {
		return Process{}, errors.ErrUnsupported
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Process{}, err
	}
	return parse(string(b))
}

// Status returns the numbers in /proc/PID/status by their names, such as Threads, and VmRSS in KiB.
func Status(pid int) (map[string]int64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	numbers := map[string]int64{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		number, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			numbers[name] = n
		}
	}
	return numbers, err
}

// Rename changes the Name of this process. The system truncates it to 15 bytes.
func Rename(name string) error {
	if runtime.GOOS != "linux" {
		return errors.ErrUnsupported
	}
	return os.WriteFile("/proc/self/comm", []byte(name), 0)
}

// Identity returns a text that identifies a running process: its PID and, if it is known, its start time. Processes in
// different containers may have equal PIDs. It returns "" for PID 0, the parent of a process whose parent is not in its
// PID namespace.
func Identity(pid int) string {
	if pid == 0 {
		return ""
	}
	id := strconv.Itoa(pid)
	if p, err := Find(pid); err == nil && p.Start != "" {
		id += "@" + p.Start
	}
	return id
}

// parse reads a line of /proc/PID/stat: PID (NAME) STATE PARENT …, with the start time in field 22. The name may contain
// any character, including parentheses.
func parse(stat string) (Process, error) {
	_, rest, _ := strings.Cut(stat, " (")
	end := strings.LastIndexByte(rest, ')')
	fields := strings.Fields(rest[end+1:])
	if end < 0 || len(fields) < 2 {
		return Process{}, errors.New("unexpected content in /proc/PID/stat")
	}
	parent, err := strconv.Atoi(fields[1])
	p := Process{Parent: parent, Name: rest[:end]}
	if len(fields) > 19 {
		p.Start = fields[19]
	}
	return p, err
}

// Children returns the PIDs of the running children of a process that are visible to this process.
func Children(pid int) []int {
	if runtime.GOOS != "linux" {
		return nil
	}
	entries, _ := os.ReadDir("/proc") // without /proc there are none
	var children []int
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, err := Find(n); err == nil && p.Parent == pid {
			children = append(children, n)
		}
	}
	return children
}
