package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// A license is a file with the license or a notice of a module.
type license struct {
	file string   // relative to the module
	ids  []string // SPDX identifiers, sorted; empty for a notice
	text string
}

// accepted are the licenses of linked modules, as SPDX identifiers. They are permissive: they only require the texts in
// the notices.
var accepted = map[string]bool{
	"Apache-2.0":   true,
	"BSD-2-Clause": true,
	"BSD-3-Clause": true,
	"ISC":          true,
	"MIT":          true,
}

var (
	licenseName = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|patents)([-._].*)?$`)
	noticeName  = regexp.MustCompile(`(?i)^(notice|authors\.txt)([-._].*)?$`)
	sourceName  = regexp.MustCompile(`(?i)\.(go|py|sh|json)$`)
)

// findLicenses returns the license and notice files in the directories of m's linked packages, and in the directories
// above them. It returns an error if m itself has no license, or if one is not accepted.
func findLicenses(m *module) ([]license, error) {
	dirs := map[string]bool{}
	for _, dir := range m.packages {
		for ; len(dir) >= len(m.dir); dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	var found []license
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			name := entry.Name()
			if entry.IsDir() || sourceName.MatchString(name) || !licenseName.MatchString(name) && !noticeName.MatchString(name) {
				continue
			}
			l, err := readLicense(m, filepath.Join(dir, name))
			if err != nil {
				return nil, err
			}
			found = append(found, l)
		}
	}
	if ids := identifiers(found); len(ids) == 0 {
		return nil, fmt.Errorf("%s: no license was found in %s", m.path, m.dir)
	}
	return found, nil
}

// readLicense reads and identifies the file. Most of its words must belong to known and accepted licenses. Patent grants
// and notices contain no license.
func readLicense(m *module, path string) (license, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return license{}, err
	}
	file, err := filepath.Rel(m.dir, path)
	if err != nil {
		return license{}, err
	}
	l := license{file: filepath.ToSlash(file), text: strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))}
	name := filepath.Base(path)
	if noticeName.MatchString(name) || strings.HasPrefix(strings.ToLower(name), "patents") {
		return l, nil
	}
	coverage := licensecheck.Scan(text)
	for _, match := range coverage.Match {
		if !accepted[match.ID] {
			return license{}, fmt.Errorf("%s: the license %s in %s is not accepted", m.path, match.ID, l.file)
		}
		l.ids = append(l.ids, match.ID)
	}
	if coverage.Percent < 75 {
		return license{}, fmt.Errorf("%s: unknown license in %s: only %.0f %% of it is known", m.path, l.file, coverage.Percent)
	}
	slices.Sort(l.ids)
	l.ids = slices.Compact(l.ids)
	return l, nil
}

// identifiers returns the SPDX identifiers of all licenses, sorted.
func identifiers(licenses []license) []string {
	var ids []string
	for _, l := range licenses {
		ids = append(ids, l.ids...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
