package store

import "syscall"

const notFolder = syscall.ENOTDIR

func systemDir() string { return "" }

// accountHome is not needed where %USERPROFILE% is always set.
func accountHome() string { return "" }
