package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A file is a file or a link in an archive or a package.
type file struct {
	name string // path in the archive; absolute in a package
	data []byte
	exec bool
	link string // target, if the file is a symbolic link
}

func (f file) mode() fs.FileMode {
	if f.exec {
		return 0o755
	}
	return 0o644
}

// archives writes an archive for each program of each platform, checksum files beside the programs, and the files for
// Homebrew and Scoop.
func (r release) archives() error {
	platforms, err := r.platforms()
	if err != nil {
		return err
	}
	for _, p := range platforms {
		programs, err := r.programs(p)
		if err != nil {
			return err
		}
		for _, program := range programs {
			if err := r.checksumBeside(r.program(p, program)); err != nil {
				return err
			}
			if err := r.archive(p, program); err != nil {
				return err
			}
		}
	}
	if err := r.writeFormula(); err != nil {
		return err
	}
	return r.writeManifest()
}

// archiveName returns the name of an archive without its suffix, which is also the name of the directory in it.
func (r release) archiveName(p platform, program string) string {
	return program + "-" + r.version + "-" + p.String()
}

// archiveFile returns the file name of an archive.
func (r release) archiveFile(p platform, program string) string {
	if p.os == "windows" {
		return r.archiveName(p, program) + ".zip"
	}
	return r.archiveName(p, program) + ".tar.gz"
}

// archive writes the archive of a program for a platform.
func (r release) archive(p platform, program string) error {
	files, err := r.contents(p, program)
	if err != nil {
		return err
	}
	write := writeTar
	if p.os == "windows" {
		write = writeZip
	}
	return create(filepath.Join(r.dir, r.archiveFile(p, program)), func(w io.Writer) error {
		return write(w, r.archiveName(p, program), files, r.time)
	})
}

// contents returns the files of an archive, sorted by name.
func (r release) contents(p platform, program string) ([]file, error) {
	data, err := os.ReadFile(r.program(p, program))
	if err != nil {
		return nil, err
	}
	files := []file{{name: p.exe(program), data: data, exec: true}}
	if program == helper && p.os == "linux" {
		files = append(files, file{name: "ecr-credential-provider", link: helper})
	}
	docs, err := r.documents()
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		data, err := os.ReadFile(filepath.Join(r.root, doc))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: filepath.ToSlash(doc), data: data})
	}
	licenses, err := os.ReadFile(filepath.Join(r.root, "bin", notices))
	if err != nil {
		return nil, err
	}
	files = append(files, file{name: notices, data: licenses})
	more, err := r.extras(program)
	files = append(files, more...)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, err
}

// extras returns the manual pages and the completion scripts of a program.
func (r release) extras(program string) ([]file, error) {
	pages, err := r.manPages(program)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: "man/" + filepath.Base(page), data: data})
	}
	for _, s := range []struct{ shell, name string }{
		{"bash", program + ".bash"}, {"zsh", "_" + program}, {"fish", program + ".fish"}, {"powershell", program + ".ps1"},
	} {
		data, err := r.completion(program, s.shell)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: "completions/" + s.name, data: data})
	}
	return files, nil
}

// create writes a file.
func create(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// writeTar writes a compressed tar archive whose files are in the directory top. Owners are root, without names.
func writeTar(w io.Writer, top string, files []file, modified time.Time) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{
			Name: path.Join(top, f.name), Mode: int64(f.mode()), Size: int64(len(f.data)), ModTime: modified,
			Typeflag: tar.TypeReg, Format: tar.FormatPAX,
		}
		if f.link != "" {
			h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, f.link, 0o777
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.data); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}

// writeZip writes a zip archive whose files are in the directory top. It contains no links.
func writeZip(w io.Writer, top string, files []file, modified time.Time) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		h := &zip.FileHeader{Name: path.Join(top, f.name), Method: zip.Deflate, Modified: modified}
		h.SetMode(f.mode())
		entry, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.data); err != nil {
			return err
		}
	}
	return z.Close()
}
