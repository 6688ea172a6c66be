package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
)

// Directory copies the running program to a directory as docker-credential-ecr-login, and adds its second name
// ecr-credential-provider: a link to the copy or, on Windows, another copy. It creates a missing directory. Another
// program with one of these names is replaced only with replace, and then kept as a backup. Nothing is written if one of
// the names must not be replaced. What is done is printed to out.
func Directory(dir string, replace bool, out io.Writer) error {
	dir, err := directory(dir)
	if err != nil {
		return err
	}
	var copies []*Copy
	for _, name := range []string{program.Command, program.Provider} {
		c, err := Prepare(filepath.Join(dir, kubeletconfig.ProgramName(name)))
		if err == nil {
			err = c.accept(replace)
		}
		if err != nil {
			return err
		}
		copies = append(copies, c)
	}
	first, second := copies[0], copies[1]
	if err := first.Write(); err != nil {
		return err
	}
	fmt.Fprintln(out, first)
	if runtime.GOOS == "windows" { // where links require a privilege
		if err := second.Write(); err != nil {
			return err
		}
		fmt.Fprintln(out, second)
		return nil
	}
	return second.link(filepath.Base(first.Path), out)
}

// directory returns the absolute path of a directory, which need not exist.
func directory(dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", advice.Errorf("%s: %w", dir, err).Then("specify an absolute path")
	}
	info, err := os.Stat(absolute)
	if err == nil && !info.IsDir() || errors.Is(err, syscall.ENOTDIR) {
		return "", advice.Errorf("%s: not a directory", dir).Then("specify a directory")
	}
	return absolute, nil
}

// accept returns an error if the existing file must not be replaced.
func (c *Copy) accept(replace bool) error {
	switch {
	case !c.Other:
		return nil
	case replace:
		return c.KeepBackup()
	case c.Unsafe != nil:
		return advice.Errorf("%s: may be another program; it was not run to check its version, and no files were written: %w",
			c.Path, c.Unsafe).Then("to replace it: --replace")
	}
	return advice.Errorf("%s: is another program, such as amazon-ecr-credential-helper; no files were written", c.Path).
		Then("specify another directory, or replace the program: --replace")
}

// link makes the path a link to the copy of the program in the same directory.
func (c *Copy) link(target string, out io.Writer) error {
	if to, err := os.Readlink(c.Path); err == nil && to == target {
		fmt.Fprintf(out, "%s: already up to date\n", c.Path)
		return nil
	}
	err := at(c.Path, func(dir *os.Root, name string) error {
		temp := "." + name + "." + strconv.FormatUint(rand.Uint64()|1<<63, 16)
		if err := dir.Symlink(target, temp); err != nil {
			return err
		}
		defer func() { _ = dir.Remove(temp) }() // fails after the rename
		if c.Backup != "" {
			if err := dir.Link(name, filepath.Base(c.Backup)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return dir.Rename(temp, name)
	})
	if err != nil {
		return explain(c.Path, 0, err)
	}
	kept := ""
	if c.Backup != "" {
		kept = "; the existing program is kept as " + c.Backup
	}
	fmt.Fprintf(out, "%s: a link to %s%s\n", c.Path, target, kept)
	return nil
}
