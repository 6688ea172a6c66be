package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/crane"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// newImage builds an image that contains only the helper, a static binary, and prints its version.
func newImage(helper string) (v1.Image, error) {
	binary, err := os.ReadFile(helper)
	if err != nil {
		return nil, err
	}
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	if err := w.WriteHeader(&tar.Header{Name: "hello", Mode: 0o755, Size: int64(len(binary))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(binary); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file.OS, file.Config.Entrypoint = "linux", []string{"/hello", "version"}
	return mutate.ConfigFile(image, file)
}

// proxied makes the client library connect to the stand-in. The library finds the password via Docker's configuration.
func (s *show) proxied() crane.Option { return crane.WithTransport(s.cloud.Client().Transport) }

func (s *show) push(ref string, image v1.Image) error { return crane.Push(image, ref, s.proxied()) }

// pull downloads the whole image and checks that it is equal to the pushed one.
func (s *show) pull(ref string, want v1.Image) error {
	image, err := crane.Pull(ref, s.proxied())
	if err != nil {
		return err
	}
	if err := crane.Export(image, io.Discard); err != nil {
		return err
	}
	got, err := image.Digest()
	if err != nil {
		return err
	}
	if pushed, err := want.Digest(); err != nil || got != pushed {
		return fmt.Errorf("pulled %s, pushed %s (%v)", got, pushed, err)
	}
	return nil
}
