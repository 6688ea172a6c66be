package cache_test

import (
	"os"
	"strings"
	"testing"
)

// An invalid entry is a miss and is overwritten, without an error or a notice.
func TestBrokenEntry(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, entry []byte) []byte{
		"empty":     func(*testing.T, []byte) []byte { return nil },
		"null":      func(*testing.T, []byte) []byte { return []byte("null") },
		"garbage":   func(*testing.T, []byte) []byte { return []byte("\x00\xff{{{") },
		"truncated": func(_ *testing.T, entry []byte) []byte { return entry[:len(entry)/2] },
		"list":      func(*testing.T, []byte) []byte { return []byte("[]") },
		"two":       func(_ *testing.T, entry []byte) []byte { return append(entry, entry...) },
		"too large": func(_ *testing.T, entry []byte) []byte {
			return append(entry, strings.Repeat(" ", 1<<20)...)
		},
		"JSON":         func(*testing.T, []byte) []byte { return []byte(`{"version":1,"host":"` + host + `"}`) },
		"wrong type":   replace(versionLine, "ecr-login failure 1"),
		"no token":     replace(passwordLine, ""),
		"no user":      replace(usernameLine, ""),
		"other host":   replace(hostLine, otherHost),
		"no version":   replace(versionLine, "ecr-login token 0"),
		"no times":     replace(issuedLine, "0"),
		"invalid time": replace(expiryLine, "1e300"),
		"far future":   replace(issuedLine, "4611686018427387904"),
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			first := m.password(host)
			for _, path := range m.entries() {
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, spoil(t, content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if hosts := m.list(); len(hosts) != 0 {
				t.Errorf("list = %v", hosts)
			}
			second := m.password(host)
			if second == first {
				t.Error("the invalid entry was returned")
			}
			m.called(2)
			m.checkEntry(second)
			if m.password(host) != second {
				t.Error("the invalid entry was not overwritten")
			}
			m.called(0)
		})
	}
}

// replace returns a function that replaces a line of an entry.
func replace(line int, value string) func(*testing.T, []byte) []byte {
	return func(t *testing.T, entry []byte) []byte {
		t.Helper()
		lines := strings.Split(string(entry), "\n")
		if lines[line] == value {
			t.Fatalf("line %d is already %q", line, value)
		}
		lines[line] = value
		return []byte(strings.Join(lines, "\n"))
	}
}

// An entry of a later version is not changed, and does not cause an error or a notice.
func TestLaterVersion(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.password(host)
	m.edit(host, func(lines []string) { lines[versionLine] = "ecr-login token 3" })
	before, err := os.ReadFile(m.entry())
	if err != nil {
		t.Fatal(err)
	}
	m.password(host)
	m.password(host)
	m.called(3)
	if after, err := os.ReadFile(m.entry()); err != nil || string(after) != string(before) {
		t.Errorf("the entry was changed (%v)", err)
	}
}
