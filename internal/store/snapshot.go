package store

import (
	"io/fs"
	"os"
	"slices"
	"time"

	"ecrlogin/internal/configpath"
)

// A Snapshot is the inputs of a process together with what shows whether a file that they come from was written after that.
type Snapshot struct {
	Inputs
	stamps  []fs.FileInfo // of the files, or of the directories of those that are missing
	settled bool          // whether any later change of a file gives it another time
}

// settling is how long a file is young: written again so soon, it can keep the same time. File systems take that from a clock of the
// kernel which goes in steps, on Linux of up to 10 ms.
const settling = 20 * time.Millisecond

// Take takes a Snapshot, with no other variables than those that Gather always covers; the flag is that of Gather too. If a file is young,
// it waits for that to end, once.
func Take(flag string) (Snapshot, error) {
	var s Snapshot
	for range 2 {
		s.stamps = stamps(flag)
		young := youth(s.stamps, time.Now())
		if s.settled = young == 0; s.settled {
			break
		}
		time.Sleep(young)
	}
	var err error
	s.Inputs, err = Gather(flag)
	return s, err
}

// With returns the snapshot with more variables covered, as Gather takes them.
func (s Snapshot) With(variables []string) Snapshot {
	s.cover(variables)
	return s
}

// Holds reports whether the inputs are still the same and none of the files was written meanwhile, not even with the same content: what
// was read in between can only be what the snapshot holds.
func (s Snapshot) Holds(flag string, variables []string) bool {
	if !s.settled {
		return false
	}
	now, err := Gather(flag, variables...)
	return err == nil && now.Key() == s.Key() && slices.EqualFunc(s.stamps, stamps(flag), s.sameFile)
}

// stamps returns the states of the files that Gather reads.
func stamps(flag string) []fs.FileInfo {
	paths := configpath.Places()
	if flag != "" {
		paths = []string{flag}
	}
	for _, f := range awsFiles {
		paths = append(paths, awsFile(f.variable, f.name))
	}
	all := make([]fs.FileInfo, 0, len(paths))
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			info, _ = os.Stat(directory(path)) // nil if that is missing too
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

// youth returns how long it takes until none of the files is young.
func youth(files []fs.FileInfo, now time.Time) (longest time.Duration) {
	for _, f := range files {
		if f == nil {
			continue
		}
		if age := now.Sub(f.ModTime()); age.Abs() < settling { // a file server's clock may be ahead
			longest = max(longest, settling-age)
		}
	}
	return longest
}

// sameFile reports whether a file was not written between two stamps. The directory of a missing one may have been if there is a
// credential_process setting, because some of these programs keep files of their own in ~/.aws.
func (s Snapshot) sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if s.tools && a.IsDir() && b.IsDir() {
		return true
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
