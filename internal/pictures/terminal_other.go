//go:build !linux

package main

import (
	"errors"
	"io"
	"os/exec"
)

func showTerminal(*exec.Cmd, io.Writer) error {
	return errors.New("terminals are supported on Linux only")
}
