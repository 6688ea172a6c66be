package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// A binary is an executable of a program.
type binary struct {
	platform string // GOOS/GOARCH
	sha256   string // in hexadecimal
	info     *buildinfo.BuildInfo
}

// readBinary reads an executable, or the executable of a program in an archive (.tar.gz or .zip).
func readBinary(program, file string) (*binary, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(file, ".tar.gz"):
		content, err = fromTar(program, content)
	case strings.HasSuffix(file, ".zip"):
		content, err = fromZip(program, content)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	hash := sha256.Sum256(content)
	return &binary{settings["GOOS"] + "/" + settings["GOARCH"], hex.EncodeToString(hash[:]), info}, nil
}

// isProgram reports whether name is the executable of a program in an archive, which is in the only directory at the top.
// Deeper files may have the same name.
func isProgram(name, program string) bool {
	return strings.TrimSuffix(path.Base(name), ".exe") == program && strings.Count(name, "/") == 1
}

var errNoProgram = errors.New("the archive does not contain the program")

func fromTar(program string, archive []byte) ([]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(unzipped); ; {
		switch header, err := r.Next(); {
		case errors.Is(err, io.EOF):
			return nil, errNoProgram
		case err != nil:
			return nil, err
		case header.Typeflag == tar.TypeReg && isProgram(header.Name, program):
			return io.ReadAll(r)
		}
	}
}

func fromZip(program string, archive []byte) ([]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	for _, f := range r.File {
		if isProgram(f.Name, program) {
			content, err := f.Open()
			if err != nil {
				return nil, err
			}
			defer content.Close()
			return io.ReadAll(content)
		}
	}
	return nil, errNoProgram
}
