package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	ggcr "github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"go.yaml.in/yaml/v4"
)

// write runs the command with programs that contain their path, and returns the file.
func write(t *testing.T, kind string, archs ...string) (path string) {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	dir := t.TempDir()
	o := options{kind: kind, name: kind + ":1.2.3", version: "1.2.3", revision: "abc", archs: archs, programs: dir, certificates: filepath.Join(dir, "roots")}
	files := []string{"roots"}
	for _, arch := range archs {
		files = append(files, "linux-"+arch+"/docker-credential-ecr-login", "linux-"+arch+"/ecr-token-refresh")
	}
	for _, name := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(dir, "out", "image.tar")
	if err := run(o, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// extract extracts a tar file, which must contain only directories and regular files, and returns an OCI image layout.
func extract(t *testing.T, path string) ggcr.Path {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	for name, e := range entries(t, f) {
		switch path := filepath.Join(dir, name); e.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o700)
		case tar.TypeReg:
			err = os.WriteFile(path, e.content, 0o600)
		default:
			t.Errorf("%s has type %c", name, e.Typeflag)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := ggcr.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type entry struct {
	*tar.Header
	content []byte
}

// entries yields the entries of a tar file, and checks what makes it reproducible.
func entries(t *testing.T, r io.Reader) func(yield func(string, entry) bool) {
	return func(yield func(string, entry) bool) {
		last := ""
		for files := tar.NewReader(r); ; {
			h, err := files.Next()
			if err == io.EOF {
				return
			}
			var content []byte
			if err == nil {
				content, err = io.ReadAll(files)
			}
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(h.Name, "/")
			if !h.ModTime.Equal(time.Unix(1_700_000_000, 0)) || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || name <= last {
				t.Errorf("%s after %s: %+v", h.Name, last, h)
			}
			if last = name; !yield(name, entry{h, content}) {
				return
			}
		}
	}
}

// describe returns the files of an image, one per line.
func describe(t *testing.T, img v1.Image) string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b strings.Builder
	for name, e := range entries(t, r) {
		fmt.Fprintf(&b, "%c %o %s%s\n", e.Typeflag, e.Mode, name, strings.TrimSuffix(" "+e.Linkname+string(e.content), " "))
	}
	return b.String()
}

func index(t *testing.T, l ggcr.Path) (v1.ImageIndex, []v1.Descriptor) {
	t.Helper()
	i, err := l.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(i); err != nil {
		t.Error(err)
	}
	m, err := i.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	return i, m.Manifests
}

const helperFiles = `5 755 bin
0 755 bin/docker-credential-ecr-login linux-arm64/docker-credential-ecr-login
2 777 bin/ecr-credential-provider docker-credential-ecr-login
5 755 etc
5 755 etc/ssl
5 755 etc/ssl/certs
0 644 etc/ssl/certs/ca-certificates.crt roots
`

// TestImage checks an image as the tools that read it do: as an OCI image layout and as the output of docker save.
func TestImage(t *testing.T) {
	refreshFiles := strings.Replace(helperFiles, "5 755 etc\n", "0 755 bin/ecr-token-refresh linux-arm64/ecr-token-refresh\n5 755 etc\n", 1)
	for kind, want := range map[string]struct{ files, entrypoint string }{
		"ecr-login":         {helperFiles, "/bin/docker-credential-ecr-login"},
		"ecr-token-refresh": {refreshFiles, "/bin/ecr-token-refresh"},
	} {
		t.Run(kind, func(t *testing.T) {
			path := write(t, kind, "arm64")
			i, manifests := index(t, extract(t, path))
			d := manifests[0]
			if name := d.Annotations["org.opencontainers.image.ref.name"]; len(manifests) != 1 || name != kind+":1.2.3" || d.Platform.String() != "linux/arm64" {
				t.Fatalf("index: %+v", manifests)
			}
			if name := d.Annotations["io.containerd.image.name"]; name != "docker.io/library/"+kind+":1.2.3" {
				t.Errorf("name for containerd: %q", name)
			}
			img, err := i.Image(d.Digest)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(t, img); got != want.files {
				t.Errorf("files:\n%s\nwant:\n%s", got, want.files)
			}
			c, err := img.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			labels := c.Config.Labels
			if c.Config.User != "65532:65532" || !slices.Equal(c.Config.Entrypoint, []string{want.entrypoint}) || c.Architecture != "arm64" || c.OS != "linux" ||
				labels["org.opencontainers.image.version"] != "1.2.3" || labels["org.opencontainers.image.created"] != "2023-11-14T22:13:20Z" {
				t.Errorf("configuration: %+v", c)
			}

			saved, err := tarball.ImageFromPath(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate.Image(saved); err != nil {
				t.Error(err)
			}
			savedName, err1 := saved.ConfigName()
			name, err2 := img.ConfigName()
			if err1 != nil || err2 != nil || savedName != name {
				t.Errorf("docker save: %v, %v, want %v, %v", savedName, err1, name, err2)
			}
		})
	}
}

// TestSeveralArchitectures checks that a file for several architectures contains one index, as registries store it.
func TestSeveralArchitectures(t *testing.T) {
	i, manifests := index(t, extract(t, write(t, "ecr-login", "amd64", "arm64")))
	if len(manifests) != 1 || !manifests[0].MediaType.IsIndex() {
		t.Fatalf("index: %+v", manifests)
	}
	all, err := i.ImageIndex(manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	m, err := all.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for n, arch := range []string{"amd64", "arm64"} {
		img, err := all.Image(m.Manifests[n].Digest)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(helperFiles, "arm64", arch); describe(t, img) != want || m.Manifests[n].Platform.Architecture != arch {
			t.Errorf("%s: %+v\n%s", arch, m.Manifests[n], describe(t, img))
		}
	}
}

// TestTalosExtension checks what Talos checks: the fields of manifest.yaml, and that there are no other files than it and
// those in rootfs/usr/local. The directory is that of Talos's constants.
func TestTalosExtension(t *testing.T) {
	i, manifests := index(t, extract(t, write(t, "ecr-login-talos-extension", "arm64")))
	img, err := i.Image(manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if p := manifests[0].Platform; len(manifests) != 1 || p == nil || p.Architecture != "arm64" || p.OS != "linux" {
		t.Errorf("index: %+v; the imager searches it for the platform", manifests)
	}
	var manifest []byte
	files := map[string]int64{}
	for name, e := range entries(t, mutate.Extract(img)) { // as crane.Export does for the imager
		if e.Typeflag != tar.TypeDir {
			files[name] = e.Mode
		}
		if name == "manifest.yaml" {
			manifest = e.content
		}
	}
	if len(files) != 2 || files["manifest.yaml"] != 0o644 || files["rootfs/usr/local/lib/kubelet/credentialproviders/ecr-credential-provider"] != 0o755 {
		t.Errorf("files: %v", files)
	}
	var m struct {
		Version  string
		Metadata struct {
			Name, Version, Author, Description string
			Compatibility                      struct{ Talos struct{ Version string } }
		}
	}
	d := yaml.NewDecoder(bytes.NewReader(manifest))
	d.KnownFields(true)
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if x := m.Metadata; m.Version != "v1alpha1" || x.Name != "ecr-login" || x.Version != "1.2.3" || x.Author == "" || x.Compatibility.Talos.Version != ">= v1.6.0" {
		t.Errorf("manifest.yaml: %+v", m)
	}
}

// TestReproducible checks that equal inputs in other directories result in equal files.
func TestReproducible(t *testing.T) {
	for _, kind := range []string{"ecr-login", "ecr-token-refresh", "ecr-login-talos-extension"} {
		first, err1 := os.ReadFile(write(t, kind, "amd64", "arm64"))
		second, err2 := os.ReadFile(write(t, kind, "amd64", "arm64"))
		if err1 != nil || err2 != nil || len(first) == 0 || !bytes.Equal(first, second) {
			t.Errorf("%s: files of %d and %d bytes differ, %v, %v", kind, len(first), len(second), err1, err2)
		}
	}
}

// TestErrors checks that no file is written without a date, a known kind or a program.
func TestErrors(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "")
	path := filepath.Join(t.TempDir(), "image.tar")
	for _, want := range []string{"SOURCE_DATE_EPOCH", "unknown kind", "docker-credential-ecr-login"} {
		o := options{kind: "other", archs: []string{"amd64"}, programs: t.TempDir()}
		switch want {
		case "unknown kind":
			t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
		case "docker-credential-ecr-login":
			o.kind = "ecr-login"
		}
		if err := run(o, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("a file was written")
	}
}
