// Package ptytest opens pseudo-terminals for tests of programs that use a terminal.
package ptytest
