//go:build unix

package swaptest

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func init() {
	if order := os.Getenv(variable); order != "" {
		attack(strings.Split(order, "\n"))
		os.Exit(0)
	}
}

// limit is how long an attacker runs if its test does not stop it.
const limit = time.Minute

// attack runs until standard input ends.
func attack(order []string) {
	kind, dir, prefix, target, pool := order[0], order[1], order[2], order[3], order[4]
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println("attacking")
	links := 1
	for began := time.Now(); time.Since(began) < limit; {
		switch kind {
		case Missing:
			if os.Symlink(target, dir+"/"+prefix) == nil {
				remove(dir + "/" + prefix)
			}
			continue
		case Swapped:
			swap(dir+"/"+prefix, target)
			continue
		}
		for _, name := range names(dir) {
			path := dir + "/" + name
			if !strings.HasPrefix(name, prefix) || isLink(path) {
				continue
			}
			away := pool + "/away"
			os.RemoveAll(away)
			switch kind {
			case Symlink:
				if syscall.Rename(path, away) == nil {
					_ = os.Symlink(target, path)
				}
			case HardLink:
				hard := pool + "/hard-" + strconv.Itoa(links)
				if syscall.Rename(hard, path) != nil || syscall.Rename(path, hard) != nil {
					links++
				}
			}
		}
		// Remove the links, so that the test can create new files.
		for _, name := range names(dir) {
			if path := dir + "/" + name; strings.HasPrefix(name, prefix) && isLink(path) {
				remove(path)
			}
		}
	}
}

// swap replaces a directory by a link, and then restores the directory.
func swap(path, target string) {
	away := path + ".away" // in the same directory; only its owner may move it elsewhere
	if syscall.Rename(path, away) == nil {
		_ = os.Symlink(target, path)
		remove(path)
		_ = syscall.Rename(away, path)
	}
}

func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	all, _ := f.Readdirnames(-1)
	return all
}

// isLink reports whether path is a symbolic link or has several hard links. Only the attacker creates these.
func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && (info.Mode()&os.ModeSymlink != 0 || info.Mode().IsRegular() && info.Sys().(*syscall.Stat_t).Nlink > 1)
}

func remove(path string) { _ = syscall.Unlink(path) }
