package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// notices returns the third-party notices of all programs: which modules each contains, and each text once.
func notices() ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintln(&out, `Third-party notices

The programs of ecr-login contain the Go modules below, and the Go standard library. The license of each and the names of
its copyright holders are in the texts that follow the lists.`)
	users := map[string][]string{} // by text
	for _, p := range programs {
		modules, err := p.collect()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "\n%s\n\n", p.name)
		for _, m := range modules {
			fmt.Fprintf(&out, "    %s %s  (%s)\n", m.path, m.version, strings.Join(identifiers(m.licenses), " AND "))
			for _, l := range m.licenses {
				if name := m.path + " " + m.version + ": " + l.file; !slices.Contains(users[l.text], name) {
					users[l.text] = append(users[l.text], name)
				}
			}
		}
	}
	texts := slices.SortedFunc(maps.Keys(users), func(a, b string) int { return strings.Compare(users[a][0], users[b][0]) })
	for _, text := range texts {
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(slices.Sorted(slices.Values(users[text])), "\n"), text)
	}
	return out.Bytes(), nil
}
