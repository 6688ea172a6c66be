package version_test

import (
	"bytes"
	"encoding/json"
	"runtime"
	"testing"

	"ecrlogin/internal/version"
)

func TestPrint(t *testing.T) {
	var b bytes.Buffer
	if err := version.Print(&b, "program", "v1.2.3", false); err != nil || b.String() != "program v1.2.3\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	b.Reset()
	if err := version.Print(&b, "program", "v1.2.3", true); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name, Version, Commit, GoVersion string
		FIPS140                          struct{ Module, Mode string }
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "program" || got.Version != "v1.2.3" || got.Commit == "" || got.GoVersion != runtime.Version() ||
		got.FIPS140.Module == "" || got.FIPS140.Mode == "" {
		t.Errorf("got %s", &b)
	}
}
