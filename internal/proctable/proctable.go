// Package proctable reads the operating system's table of processes, as far as it can be read without asking for more
// rights: who started whom.
package proctable

// A Process is one entry of the table.
type Process struct {
	PID    int
	Parent int    // the PID of its parent; 0 if it has none that this process may see
	Name   string // the command's name, which a process can change
}
