// Package file writes registry passwords to files: password files, and Docker configuration files. They are targets of
// package refresh.
package file
