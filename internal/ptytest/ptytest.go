// Package ptytest opens pseudo-terminals for tests of what a program does at a terminal.
package ptytest
