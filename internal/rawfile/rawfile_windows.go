// Package rawfile reads files. On Windows, it has no advantage over package os.
package rawfile

import "os"

// Read is os.ReadFile.
func Read(path string) ([]byte, error) { return os.ReadFile(path) }

// ReadSame is not supported on Windows.
func ReadSame(string, os.FileInfo) (content []byte, ok bool) { return nil, false }
