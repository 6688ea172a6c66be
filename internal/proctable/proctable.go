// Package proctable reads the operating system's process table, as far as the current user may read it: names, parents
// and children of processes.
package proctable

// A Process is one entry of the table.
type Process struct {
	PID    int
	Parent int    // the PID of its parent; 0 if it has no visible parent
	Name   string // the command name, which a process can change
}
