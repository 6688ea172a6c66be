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

// limit is how long an attacker goes on whose test does not end.
const limit = time.Minute

// attack goes on until standard input ends.
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
			if !strings.HasPrefix(name, prefix) || isOurs(path) {
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
		// The links go, so that work begins anew.
		for _, name := range names(dir) {
			if path := dir + "/" + name; strings.HasPrefix(name, prefix) && isOurs(path) {
				remove(path)
			}
		}
	}
}

// swap puts a link in the place of a directory, and the directory back.
func swap(path, target string) {
	away := path + ".away" // in the same directory, or it would have to be the attacker's own
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

// isOurs reports whether path is a link that an attacker has put there.
func isOurs(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && (info.Mode()&os.ModeSymlink != 0 || info.Mode().IsRegular() && info.Sys().(*syscall.Stat_t).Nlink > 1)
}

func remove(path string) { _ = syscall.Unlink(path) }
