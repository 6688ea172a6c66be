package kubernetes

import (
	"archive/tar"
	"bytes"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"ecrlogin/internal/awstest"
)

// pauseImage is the image of the process that holds a pod's namespaces. No registry contains it.
const pauseImage = "e2e.local/pause:1"

// newImage creates an image with the program pause. Different labels result in different images.
func newImage(t *testing.T, label string) v1.Image {
	t.Helper()
	return imageOf(t, "pause", label)
}

// imageOf creates an image with a static program of PATH.
func imageOf(t *testing.T, program, label string) v1.Image {
	t.Helper()
	base, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS:           "linux",
		Architecture: runtime.GOARCH,
		RootFS:       v1.RootFS{Type: "layers"},
		Config:       v1.Config{Entrypoint: []string{"/" + program}, Labels: map[string]string{"label": label}},
	})
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(base, newLayer(t, program))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// newLayer creates a layer with a program of PATH.
func newLayer(t *testing.T, name string) v1.Layer {
	t.Helper()
	program := readFile(t, lookPath(t, name))
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return static.NewLayer(content.Bytes(), types.DockerUncompressedLayer)
}

// archive writes an image with a program to a file that containerd can import.
func archive(t *testing.T, program, name string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), program+".tar")
	if err := crane.Save(imageOf(t, program, program), name, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// publish pushes a unique image to an Amazon ECR registry and returns its name.
func publish(t *testing.T, aws *awstest.Server, host, repository string) (ref string) {
	t.Helper()
	ref = host + "/" + repository + ":1"
	password := authn.FromConfig(authn.AuthConfig{Username: "AWS", Password: aws.IssueToken(regionOf(t, host), false)})
	push(t, ref, crane.WithAuth(password), crane.WithTransport(aws.Client().Transport))
	return ref
}

// push pushes a unique image.
func push(t *testing.T, ref string, options ...crane.Option) {
	t.Helper()
	if err := crane.Push(newImage(t, ref), ref, options...); err != nil {
		t.Fatal(err)
	}
}
