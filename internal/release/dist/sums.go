package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// checksumFiles are the files that sums writes, with their hashes.
var checksumFiles = []struct {
	name string
	new  func() hash.Hash
}{{"SHA256SUMS", sha256.New}, {"SHA512SUMS", sha512.New}}

// checksum returns the hash of a file in hexadecimal.
func checksum(name string, h hash.Hash) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checksumBeside writes NAME.sha256, a line for "sha256sum -c" in the same directory. Projects that download
// amazon-ecr-credential-helper read this file or its first word.
func (r release) checksumBeside(name string) error {
	sum, err := checksum(name, sha256.New())
	if err != nil {
		return err
	}
	return os.WriteFile(name+".sha256", fmt.Appendf(nil, "%s  %s\n", sum, filepath.Base(name)), 0o644)
}

// sums writes SHA256SUMS and SHA512SUMS of all files in the directory, sorted by name, except .sha256 files.
func (r release) sums() error {
	var names []string
	err := filepath.WalkDir(r.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) == ".sha256" || strings.HasSuffix(d.Name(), "SUMS") {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file", name)
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range checksumFiles {
		var lines strings.Builder
		for _, name := range names {
			sum, err := checksum(name, f.new())
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(r.dir, name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&lines, "%s  %s\n", sum, filepath.ToSlash(relative))
		}
		if err := os.WriteFile(filepath.Join(r.dir, f.name), []byte(lines.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// verify compares the files in dir with those that the SHA256SUMS file lists. Files that are not in dir are skipped,
// because not every platform may have been built.
func verify(w io.Writer, sums, dir string) error {
	f, err := os.Open(sums)
	if err != nil {
		return err
	}
	defer f.Close()
	same, different, skipped := 0, 0, 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		want, name, found := strings.Cut(lines.Text(), "  ")
		if !found || !filepath.IsLocal(name) {
			return fmt.Errorf("%s: invalid line %q", sums, lines.Text())
		}
		got, err := checksum(filepath.Join(dir, name), sha256.New())
		switch {
		case errors.Is(err, fs.ErrNotExist):
			skipped++
		case err != nil:
			return err
		case got == want:
			same++
			fmt.Fprintf(w, "identical  %s\n", name)
		default:
			different++
			fmt.Fprintf(w, "DIFFERENT  %s\n", name)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", sums, err)
	}
	fmt.Fprintf(w, "%d identical, %d different, %d not built\n", same, different, skipped)
	if different == 0 && same == 0 {
		return fmt.Errorf("%s lists no file of %s; check VERSION and PLATFORMS", sums, dir)
	}
	if different > 0 {
		return fmt.Errorf("the build differs from %s; check the version of Go and RELEASE_URL, see docs/install.md", sums)
	}
	return nil
}
