package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"maps"
	"path"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// An image is one image for one architecture.
type image struct {
	blobs    map[v1.Hash][]byte // layer, configuration and manifest
	manifest v1.Descriptor
	config   v1.Hash
	layer    v1.Hash
}

// newImage returns an image with one layer.
func newImage(c content, arch string, created time.Time) (*image, error) {
	layer, err := tarFile(c.files, created)
	if err != nil {
		return nil, err
	}
	diffID, _, err := v1.SHA256(bytes.NewReader(layer))
	if err != nil {
		return nil, err
	}
	compressed, err := compress(layer)
	if err != nil {
		return nil, err
	}
	img := &image{blobs: map[v1.Hash][]byte{}}
	layerBlob := img.add(types.OCILayer, compressed)
	configBlob, err := img.addJSON(types.OCIConfigJSON, v1.ConfigFile{
		Architecture: arch, OS: "linux", Created: v1.Time{Time: created}, Config: c.config,
		RootFS:  v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{diffID}},
		History: []v1.History{{Created: v1.Time{Time: created}, CreatedBy: "ecr-login"}},
	})
	if err != nil {
		return nil, err
	}
	img.layer, img.config = layerBlob.Digest, configBlob.Digest
	img.manifest, err = img.addJSON(types.OCIManifestSchema1, v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: configBlob, Layers: []v1.Descriptor{layerBlob},
		Annotations: c.config.Labels,
	})
	img.manifest.Platform = &v1.Platform{OS: "linux", Architecture: arch} // required by the imager of Talos
	return img, err
}

// add adds a blob and returns its descriptor.
func (img *image) add(mediaType types.MediaType, blob []byte) v1.Descriptor {
	digest, size, _ := v1.SHA256(bytes.NewReader(blob)) // fails only if reading fails
	img.blobs[digest] = blob
	return v1.Descriptor{MediaType: mediaType, Digest: digest, Size: size}
}

func (img *image) addJSON(mediaType types.MediaType, value any) (v1.Descriptor, error) {
	b, err := json.Marshal(value)
	return img.add(mediaType, b), err
}

// tarFile returns a tar file with files of root and their directories, sorted by name.
func tarFile(files []file, modified time.Time) ([]byte, error) {
	byName := map[string]*tar.Header{}
	contents := map[string][]byte{}
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: int64(f.mode), Size: int64(len(f.content))}
		if f.link != "" {
			h = &tar.Header{Typeflag: tar.TypeSymlink, Name: f.name, Mode: 0o777, Linkname: f.link}
		}
		byName[f.name], contents[f.name] = h, f.content
		for dir := path.Dir(f.name); dir != "."; dir = path.Dir(dir) {
			byName[dir] = &tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}
		}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		h := byName[name]
		h.ModTime, h.Format = modified, tar.FormatUSTAR
		err := w.WriteHeader(h)
		if err == nil {
			_, err = w.Write(contents[name])
		}
		if err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// compress returns a gzip file without a name and a time.
func compress(b []byte) ([]byte, error) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err := w.Write(b)
	err = errors.Join(err, w.Close())
	return z.Bytes(), err
}
