//go:build !windows && !darwin

package localuser

// systemName returns "". Package os/user without cgo reads only /etc/passwd and the environment.
func systemName() string { return "" }
