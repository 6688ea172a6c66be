package cachekey

import (
	"bytes"
	"io/fs"
	"os"
	"slices"
	"time"

	"ecrlogin/internal/configpath"
	"ecrlogin/internal/environ"
)

// settleTime is the maximum time in which a second change of a file can leave its modification time the same. File
// systems use a clock of the kernel with a low resolution, on Linux of up to 10 ms.
const settleTime = 20 * time.Millisecond

// Take is like Read, but prepares for Unchanged: if a file was modified just now, it waits once until a later change
// can be detected.
func Take(env environ.Env, flag string) (Inputs, error) {
	before := stat(env, flag)
	if wait := before.unsettled(time.Now()); wait > 0 {
		time.Sleep(wait)
		if before = stat(env, flag); before.unsettled(time.Now()) > 0 {
			before = nil
		}
	}
	in, err := Read(env, flag)
	in.stamps = before
	return in, err
}

// Unchanged reports whether the inputs, which Take returned, are still the same and no file was written in the
// meantime, not even with the same content. Everything that was read since then is then covered by the key.
func (in Inputs) Unchanged() bool {
	if in.stamps == nil {
		return false
	}
	now, err := Read(in.env, in.flag)
	if err != nil {
		return false
	}
	now = now.With(in.patterns)
	if in.identity != nil {
		now = now.WithIdentity(*in.identity)
	}
	return bytes.Equal(now.encode(), in.encode()) && slices.EqualFunc(in.stamps, stat(in.env, in.flag), in.sameFile)
}

// stamps describe the files that Read reads, or the directories of missing files. A nil element means that both are
// missing.
type stamps []fs.FileInfo

func stat(env environ.Env, flag string) stamps {
	paths := configpath.Places(env)
	if flag != "" {
		paths = []string{flag}
	}
	for _, f := range awsFiles {
		paths = append(paths, f.path(env))
	}
	all := make(stamps, 0, len(paths))
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			info, _ = os.Stat(directory(path))
		}
		all = append(all, info)
	}
	return all
}

// directory returns the path of the directory of a file.
func directory(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if os.IsPathSeparator(path[i]) {
			return path[:i]
		}
	}
	return "."
}

// unsettled returns the time until all of the files were last modified at least settleTime ago.
func (s stamps) unsettled(now time.Time) (longest time.Duration) {
	for _, f := range s {
		if f == nil {
			continue
		}
		if age := now.Sub(f.ModTime()); age.Abs() < settleTime { // the clock of a file server may be ahead
			longest = max(longest, settleTime-age)
		}
	}
	return longest
}

// sameFile reports whether a file was not written between two stamps. It ignores changes of directories if there is a
// credential_process setting, because some of these programs write to ~/.aws.
func (in Inputs) sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if in.tools && a.IsDir() && b.IsDir() {
		return true
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
