//go:build unix

package atomicfile

import "testing"

func TestClean(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b": "/a/b", "/a/b/": "/a/b", "/a/b/.": "/a/b", "//a//b": "/a/b", "/a/./b/../c": "/a/c", "/..": "/", "/": "/", "/a/~/b": "/a/~/b",
		"": "", "a": "", "./a": "", "~/a": "",
	} {
		if got, ok := Clean(path); ok != (want != "") || ok && got != want {
			t.Errorf("Clean(%q) = %q, %v; want %q", path, got, ok, want)
		}
	}
}
