package main

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layout returns a tar file with an OCI image layout. Its index.json contains the image with the name or, if there are
// several images, an index of them.
//
// With one image, the file also contains manifest.json, the index of docker save. Docker before version 25 reads only
// this file, and finds the same blobs with it.
func layout(name string, images []*image, created time.Time) ([]byte, error) {
	all := &image{blobs: map[v1.Hash][]byte{}}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for _, img := range images {
		maps.Copy(all.blobs, img.blobs)
		index.Manifests = append(index.Manifests, img.manifest)
	}
	top := index.Manifests[0]
	if len(images) > 1 {
		var err error
		if top, err = all.addJSON(types.OCIImageIndex, index); err != nil {
			return nil, err
		}
	}
	top.Annotations = map[string]string{"org.opencontainers.image.ref.name": name, "io.containerd.image.name": fullName(name)}
	index.Manifests = []v1.Descriptor{top}

	documents := map[string]any{"oci-layout": map[string]string{"imageLayoutVersion": "1.0.0"}, "index.json": index}
	if len(images) == 1 {
		documents["manifest.json"] = []any{map[string]any{
			"Config": blobPath(images[0].config), "RepoTags": []string{name}, "Layers": []string{blobPath(images[0].layer)},
		}}
	}
	var files []file
	for name, document := range documents {
		b, err := json.Marshal(document)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: name, mode: 0o644, content: b})
	}
	for digest, blob := range all.blobs {
		files = append(files, file{name: blobPath(digest), mode: 0o644, content: blob})
	}
	return tarFile(files, created)
}

// fullName returns a reference with a registry, as containerd requires it.
func fullName(name string) string {
	if registry, _, ok := strings.Cut(name, "/"); ok && strings.ContainsAny(registry, ".:") {
		return name
	}
	return "docker.io/library/" + name
}

func blobPath(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }
