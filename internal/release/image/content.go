package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"ecrlogin/internal/program"
)

// A file of an image. Its directories are created.
type file struct {
	name    string // without a leading slash
	mode    fs.FileMode
	content []byte
	link    string // target of a symbolic link; "" for a regular file
}

// content is what an image contains and what runs it.
type content struct {
	files  []file
	config v1.Config
}

// user is the user and group of the images. It needs no entry in /etc/passwd.
const user = "65532:65532"

// certificatesPath is the first file in which Go looks for certificate authorities.
const certificatesPath = "etc/ssl/certs/ca-certificates.crt"

// content returns the content of the image of a kind. There are no other programs in it, so that containers have no
// shell.
func (o options) content(arch string) (content, error) {
	switch o.kind {
	case program.Helper:
		c, err := o.container(arch, program.Command)
		c.config.Labels = o.labels(program.Helper, "Docker credential helper and kubelet credential provider for Amazon ECR")
		return c, err
	case program.Refresh:
		c, err := o.container(arch, program.Refresh, program.Command)
		c.config.Labels = o.labels(program.Refresh, "Writes Amazon ECR passwords to files and Kubernetes Secrets")
		c.config.ExposedPorts = map[string]struct{}{"3277/tcp": {}}
		return c, err
	case talosExtension:
		return o.talos(arch)
	}
	return content{}, fmt.Errorf("unknown kind %q; use ecr-login, ecr-token-refresh or ecr-login-talos-extension", o.kind)
}

// container returns the content of an image that runs the first of the programs, and contains the certificates and the
// second name of the credential helper.
func (o options) container(arch string, programs ...string) (content, error) {
	files := []file{{name: "bin/" + program.Provider, link: program.Command}}
	for _, name := range programs {
		f, err := o.program(arch, name, "bin/"+name)
		if err != nil {
			return content{}, err
		}
		files = append(files, f)
	}
	certificates, err := os.ReadFile(o.certificates)
	if err != nil {
		return content{}, err
	}
	files = append(files, file{name: certificatesPath, mode: 0o644, content: certificates})
	return content{files, v1.Config{User: user, Env: []string{"PATH=/bin"}, Entrypoint: []string{"/bin/" + programs[0]}}}, nil
}

// program returns a program of an architecture.
func (o options) program(arch, name, path string) (file, error) {
	b, err := os.ReadFile(filepath.Join(o.programs, "linux-"+arch, name))
	return file{name: path, mode: 0o755, content: b}, err
}

// labels returns the labels that the OCI image specification defines.
func (o options) labels(title, description string) map[string]string {
	const prefix = "org.opencontainers.image."
	return map[string]string{
		prefix + "title": title, prefix + "description": description, prefix + "licenses": "Apache-2.0",
		prefix + "version": o.version, prefix + "revision": o.revision, prefix + "created": o.created.Format("2006-01-02T15:04:05Z"),
	}
}
