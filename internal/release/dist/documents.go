package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// notices is the file in bin that contains the licenses of other modules in the programs.
const notices = "THIRD_PARTY_NOTICES.txt"

// documents returns the paths of the documents of an archive, relative to the repository: README.md and the pages and
// pictures that it leads to.
func (r release) documents() ([]string, error) {
	docs := []string{"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
	for _, pattern := range []string{"*.md", "*/*.md", "images/*"} {
		matches, err := filepath.Glob(filepath.Join(r.root, "docs", pattern))
		if err != nil {
			return nil, err
		}
		for _, match := range matches {
			doc, err := filepath.Rel(r.root, match)
			if err != nil {
				return nil, err
			}
			docs = append(docs, doc)
		}
	}
	slices.SortFunc(docs, strings.Compare)
	return docs, nil
}

// copyright begins Debian's copyright file. The text of the license is part of Debian.
const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ecr-login
Source: %s

Files: *
Copyright: The ecr-login authors
License: Apache-2.0
 On Debian systems, the text of the license is in /usr/share/common-licenses/Apache-2.0.
Comment:
 The program contains other Go modules. Their licenses are in THIRD_PARTY_NOTICES.txt in this directory.
`

// packageDocuments returns the license, the notices and the changelog of a package.
func (r release) packageDocuments(k kind, format string) ([]file, error) {
	license, err := os.ReadFile(filepath.Join(r.root, "LICENSE"))
	if err != nil {
		return nil, err
	}
	changes, err := os.ReadFile(filepath.Join(r.root, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	doc, licenses := "/usr/share/doc/"+k.name+"/", "/usr/share/licenses/"+k.name+"/"
	files := []file{{name: doc + "changelog.gz", data: compress(changes)}}
	if format == "deb" {
		licenses = doc
		files = append(files, file{name: doc + "copyright", data: fmt.Appendf(nil, copyright, r.homepage())})
	} else {
		files = append(files, file{name: licenses + "LICENSE", data: license})
	}
	text, err := os.ReadFile(filepath.Join(r.root, "bin", notices))
	return append(files, file{name: licenses + notices, data: text}), err
}
