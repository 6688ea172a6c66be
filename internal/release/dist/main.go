// Command dist writes the files of a release into a directory such as dist/0.1.0; "make dist" runs it.
//
//	dist archives  archives, checksum files beside the programs, the Homebrew formula and the Scoop manifest
//	dist packages  deb, rpm and apk packages, with nfpm
//	dist sums      SHA256SUMS and SHA512SUMS of all files
//	dist verify    compares the files with those that a SHA256SUMS file lists
//
// The programs must already be in the directory, in OS-ARCH/PROGRAM. The same inputs give the same bytes: names are
// sorted, times are SOURCE_DATE_EPOCH (Unix seconds), and owners are root.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

const (
	helper  = "docker-credential-ecr-login"
	refresh = "ecr-token-refresh"
)

// A release is a version and the directories of its files.
type release struct {
	version string    // such as 0.1.0, or 0.1.0-3-g1a2b3c4 (git describe)
	dir     string    // the files of the release
	root    string    // the repository
	url     string    // URL of the directory that contains the versions
	nfpm    string    // path of nfpm
	time    time.Time // of all files
}

// A platform is a system that the programs were built for.
type platform struct{ os, arch string } // such as linux and armv7

func (p platform) String() string { return p.os + "-" + p.arch }

// exe returns the file name of a program on p.
func (p platform) exe(program string) string {
	if p.os == "windows" {
		return program + ".exe"
	}
	return program
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var r release
	flags := flag.NewFlagSet("dist", flag.ContinueOnError)
	flags.StringVar(&r.version, "version", "", "version of the release")
	flags.StringVar(&r.dir, "dir", "", "directory of the release")
	flags.StringVar(&r.root, "root", ".", "directory of the repository, with bin")
	flags.StringVar(&r.url, "url", "", "URL of the directory that contains the versions")
	flags.StringVar(&r.nfpm, "nfpm", "bin/nfpm", "path of nfpm")
	sums := flags.String("sums", "", "SHA256SUMS file to compare with")
	if len(args) == 0 {
		return errors.New("usage: dist archives|packages|sums|verify FLAGS")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	var err error
	if r.time, err = epoch(os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		return err
	}
	switch args[0] {
	case "archives":
		return r.archives()
	case "packages":
		return r.packages()
	case "sums":
		return r.sums()
	case "verify":
		return verify(os.Stdout, *sums, r.dir)
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// epoch returns the time of SOURCE_DATE_EPOCH. It is an error if it is missing, because the release would then not be
// reproducible.
func epoch(seconds string) (time.Time, error) {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q, want Unix seconds", seconds)
	}
	return time.Unix(n, 0).UTC(), nil
}

var platformDir = regexp.MustCompile(`^(linux|darwin|windows|freebsd)-([a-z0-9]+)$`)

// platforms returns the platforms whose programs are in the directory, sorted.
func (r release) platforms() ([]platform, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, err
	}
	var found []platform
	for _, e := range entries {
		if m := platformDir.FindStringSubmatch(e.Name()); m != nil && e.IsDir() {
			found = append(found, platform{os: m[1], arch: m[2]})
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s contains no programs", r.dir)
	}
	return found, nil
}

// programs returns the programs of a platform.
func (r release) programs(p platform) ([]string, error) {
	var found []string
	for _, program := range []string{helper, refresh} {
		if _, err := os.Stat(r.program(p, program)); err == nil {
			found = append(found, program)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s contains no program", filepath.Join(r.dir, p.String()))
	}
	return found, nil
}

// program returns the path of a program of a platform.
func (r release) program(p platform, program string) string {
	return filepath.Join(r.dir, p.String(), p.exe(program))
}

// manPages returns the manual pages of a program: its own and those of its commands.
func (r release) manPages(program string) ([]string, error) {
	pages, err := filepath.Glob(filepath.Join(r.root, "bin", "man", program+"*.1"))
	if err == nil && len(pages) == 0 {
		err = fmt.Errorf("bin/man contains no pages of %s; run: make build", program)
	}
	return pages, err
}

// completion returns the completion script of a program for a shell. The program is the one in bin, because that of
// another platform cannot run here.
func (r release) completion(program, shell string) ([]byte, error) {
	path, err := filepath.Abs(filepath.Join(r.root, "bin", program))
	if err != nil {
		return nil, err
	}
	out, err := exec.Command(path, "completion", shell).Output()
	if err != nil {
		return nil, fmt.Errorf("%s completion %s: %w", path, shell, err)
	}
	return out, nil
}
