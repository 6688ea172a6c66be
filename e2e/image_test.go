package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// greeting is what a container of the image prints.
const greeting = "hello from a container"

// An image contains one program, in the two formats that clients read.
type image struct {
	context string // directory with a Dockerfile, for clients that build
	layout  string // directory with an OCI image, for clients that only copy
}

func newImage(t *testing.T) image {
	t.Helper()
	program, err := exec.LookPath("hello")
	if err != nil {
		t.Fatal(err)
	}
	hello, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	img := image{context: filepath.Join(dir, "context"), layout: filepath.Join(dir, "layout")}
	writeFile(t, filepath.Join(img.context, "Dockerfile"), "FROM scratch\nCOPY hello /hello\nENTRYPOINT [\"/hello\"]\n")
	writeFile(t, filepath.Join(img.context, "hello"), string(hello))
	if err := os.Chmod(filepath.Join(img.context, "hello"), 0o755); err != nil {
		t.Fatal(err)
	}
	built, err := ggcr.Image(map[string][]byte{"hello": hello})
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: built})
	if _, err := layout.Write(img.layout, index); err != nil {
		t.Fatal(err)
	}
	return img
}
