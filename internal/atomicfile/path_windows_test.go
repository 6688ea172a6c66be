package atomicfile

import "testing"

func TestClean(t *testing.T) {
	for path, want := range map[string]string{
		`C:\a\b`: `C:\a\b`, `C:/a/b/`: `C:\a\b`, `C:\a\.\b\..\c`: `C:\a\c`, `C:\`: `C:\`, `\\server\share\a\`: `\\server\share\a`, `\\?\C:\a`: `\\?\C:\a`, `\\server\share`: `\\server\share\`,
		`C:a`: "", `C:`: "", `\a`: "", `a\b`: "", "": "",
	} {
		if got, ok := Clean(path); ok != (want != "") || ok && got != want {
			t.Errorf("Clean(%q) = %q, %v; want %q", path, got, ok, want)
		}
	}
}
