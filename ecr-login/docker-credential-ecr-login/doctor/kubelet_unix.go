//go:build unix

package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// changeable tells who could change a file or a folder above it besides root, and what to type; "" if nobody.
func changeable(path string) (what, next string) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Sprintf("%s cannot be looked at: %v", path, cause(err)), "ls -l " + path
	}
	for at := real; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Sprintf("%s cannot be looked at: %v", at, cause(err)), "ls -ld " + at
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
			return fmt.Sprintf("%s belongs to user %d, who can so change what kubelet runs as root", at, s.Uid), "sudo chown root: " + at
		}
		// In a folder with the sticky bit, as /tmp is, people can change what is theirs alone.
		if info.Mode()&0o022 != 0 && info.Mode()&os.ModeSticky == 0 {
			return fmt.Sprintf("%s may be written by others than its owner (%s), who can so change what kubelet runs as root", at, info.Mode()), "sudo chmod go-w " + at
		}
		if at == filepath.Dir(at) {
			return "", ""
		}
	}
}
