package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
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

// options returns the options of the client library. With authn.DefaultKeychain it finds the password via Docker's
// configuration, as crane does.
func (s *show) options(keychain authn.Keychain) []remote.Option {
	return []remote.Option{remote.WithAuthFromKeychain(keychain), remote.WithTransport(s.cloud.Client().Transport)}
}

func (s *show) push(ref string, image v1.Image) error {
	tag, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	return remote.Write(tag, image, s.options(authn.DefaultKeychain)...)
}

// pull downloads the whole image and checks that it is equal to the pushed one.
func (s *show) pull(ref string, want v1.Image) error {
	tag, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	image, err := remote.Image(tag, s.options(authn.DefaultKeychain)...)
	if err != nil {
		return err
	}
	if err := tarball.Write(tag, image, io.Discard); err != nil {
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

func (s *show) pullAnonymously(ref string) error {
	tag, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	_, err = remote.Image(tag, s.options(authn.NewMultiKeychain())...)
	return err
}
