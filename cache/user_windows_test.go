package cache_test

import "os/exec"

func (m *machine) asUser(*exec.Cmd) {}
