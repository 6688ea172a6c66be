package cache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Files with other names are ignored and not changed, even if there are many or their names are similar.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.password(host)
	own := strings.TrimSuffix(filepath.Base(m.entry()), ".token")
	alike := []string{own, own + ".token.bak", own + "0.token", own + ".token.0123456789abcdef.tmp", own + ".012.tmp", own[:len(own)-1] + ".lock",
		host + ".token", host + "@.token", "@" + strings.Repeat("0", 64) + ".token", "config.json"}
	dayBeforeYesterday := time.Now().Add(-48 * time.Hour).Truncate(time.Second)
	for _, name := range alike {
		path := m.file("cache/"+name, "keep")
		if err := os.Chtimes(path, dayBeforeYesterday, dayBeforeYesterday); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10_000 {
		if err := os.WriteFile(filepath.Join(m.cache, fmt.Sprintf("%s@%d.foreign", host, i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, mark := range m.kept("-swept") { // so that the next process that writes sweeps
		if err := os.Remove(filepath.Join(m.cache, mark)); err != nil {
			t.Fatal(err)
		}
	}
	if r := m.get(host).quiet(); r.password() != first || r.took >= slot {
		t.Errorf("a hit took %v", r.took)
	}
	m.password(otherHost)
	if len(m.kept("-swept")) == 0 {
		t.Error("the directory was not swept")
	}
	if hosts := m.list(); len(hosts) != 2 {
		t.Errorf("list = %v", hosts)
	}
	if r := m.run("erase", host).quiet(); r.exit != 0 {
		t.Errorf("erase: exit code %d", r.exit)
	}
	if hosts := m.list(); len(hosts) != 1 {
		t.Errorf("after erase, list = %v", hosts)
	}
	for _, name := range alike {
		info, err := os.Stat(filepath.Join(m.cache, name))
		if err != nil || info.Size() != 4 || !info.ModTime().Equal(dayBeforeYesterday) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
	if n := len(m.kept(".foreign")); n != 10_000 {
		t.Errorf("%d of 10,000 foreign files are left", n)
	}
}
