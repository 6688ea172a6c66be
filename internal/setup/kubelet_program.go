package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
)

// A provider is the program that kubelet runs. It is a copy of this program rather than a link, because kubelet's
// mount namespace may contain only that directory, and updates of the Docker credential helper should not affect the
// node.
type provider struct {
	path     string // absolute
	content  []byte
	backup   string // backup of another program with that name; "" if there is none
	upToDate bool   // the installed program has the same content
	version  string // installed version of this program; "" if none
}

// program returns the provider to install. It returns an error if the existing file must not be replaced.
func (n Node) program() (*provider, error) {
	from, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot determine the path of this program: %w; copy it manually to %s", err, n.BinDir)
	}
	p := &provider{path: filepath.Join(n.BinDir, kubeletconfig.ProgramName(program.Provider))}
	if p.content, err = os.ReadFile(from); err != nil {
		return nil, err
	}
	info, err := os.Stat(p.path) // follows a link, which is also supported
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return nil, fmt.Errorf("%s: cannot be examined: %w; check its owner and mode", p.path, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file; move it away", p.path)
	}
	installed, err := os.ReadFile(p.path)
	if p.upToDate = bytes.Equal(installed, p.content); err != nil || p.upToDate {
		return p, err
	}
	version, ours, err := kubeletconfig.VersionOf(context.Background(), p.path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: not run to check its version, and no files were written: %w", p.path, err)
	case ours:
		p.version = version
	case n.Replace:
		p.backup = p.path + "." + program.Helper + "-backup"
		if _, err := os.Lstat(p.backup); err == nil {
			return nil, fmt.Errorf("%s: a backup of %s already exists; move it away", p.backup, p.path)
		}
	default:
		return nil, fmt.Errorf("%s: is another program, such as the provider included with clusters on AWS; no files were written; specify another directory with --bin-dir, if no other provider is in use, or replace the program: --replace", p.path)
	}
	return p, nil
}

// install copies the program atomically.
func (r *Request) install(p *provider) error {
	what := ""
	switch {
	case p.upToDate:
		r.printf("%s: already up to date", p.path)
		return nil
	case p.backup != "":
		what = fmt.Sprintf("; the existing program is kept as %s", p.backup)
	case p.version != "":
		what = fmt.Sprintf(", replacing version %s", p.version)
	}
	r.printf("%s: a copy of this program%s", p.path, what)
	if r.DryRun {
		return nil
	}
	if err := p.copy(); err != nil {
		return fmt.Errorf("%s: cannot install this program: %w; check the owner and mode of the directory, and whether the disk is full or read-only", p.path, err)
	}
	return nil
}

// copy writes the program atomically, and keeps the file that it replaces as backup.
func (p *provider) copy() error {
	return atomicfile.At(p.path, true, func(place *atomicfile.Place, err error) error {
		if err != nil {
			return err
		}
		if foreign := place.Foreign(); foreign != "" {
			return fmt.Errorf("%s belongs to another user, who could replace the program", foreign)
		}
		dir, err := place.MakeDir(0o755)
		if err != nil {
			return err
		}
		temp, err := atomicfile.Create(dir, "."+place.Name()+".", "")
		if err != nil {
			return err
		}
		defer temp.Discard() // does nothing after Rename
		_, err = temp.Write(p.content)
		if err := errors.Join(err, temp.Finish(0o755, nil)); err != nil {
			return err
		}
		if p.backup != "" {
			if err := dir.Link(place.Name(), filepath.Base(p.backup)); err != nil {
				return err
			}
		}
		return temp.Rename(place.Name())
	})
}
