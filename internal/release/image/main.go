// Command image writes a container image as a tar file: an OCI image layout, which docker load reads too. It needs no
// container engine. The same programs, certificates, version and SOURCE_DATE_EPOCH result in the same bytes, with the same
// release of Go.
//
// A file for several architectures contains one index of their images.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// options are the flags and the environment of the command.
type options struct {
	kind         string
	name         string   // reference, such as "ecr-login:0.1.0"
	version      string   // of the programs
	revision     string   // commit of the programs
	programs     string   // directory with a directory linux-ARCH of programs for each architecture
	certificates string   // file with certificate authorities, in PEM
	archs        []string // as in GOARCH
	created      time.Time
}

func main() {
	var o options
	flag.StringVar(&o.kind, "kind", "", "content: ecr-login, ecr-token-refresh or ecr-login-talos-extension")
	flag.StringVar(&o.name, "name", "", "reference of the image in the file (default: KIND:VERSION)")
	flag.StringVar(&o.version, "version", "unknown", "version of the programs")
	flag.StringVar(&o.revision, "revision", "unknown", "commit of the programs")
	flag.StringVar(&o.programs, "programs", "", "directory that contains linux-ARCH/PROGRAM")
	flag.StringVar(&o.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt", "certificate authorities")
	archs := flag.String("arch", "amd64", "architectures, separated by commas")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: image -kind KIND -programs DIRECTORY [flags] FILE")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 || o.kind == "" || o.programs == "" {
		flag.Usage()
		os.Exit(2)
	}
	o.archs = strings.Split(*archs, ",")
	o.name = cmp.Or(o.name, o.kind+":"+o.version)
	if err := run(o, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(o options, path string) error {
	epoch, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return errors.New("SOURCE_DATE_EPOCH is not set to Unix seconds; it is the date of the image")
	}
	o.created = time.Unix(epoch, 0).UTC()
	file, err := o.file()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", file, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// file returns the tar file.
func (o options) file() ([]byte, error) {
	var images []*image
	for _, arch := range o.archs {
		c, err := o.content(arch)
		if err != nil {
			return nil, err
		}
		img, err := newImage(c, arch, o.created)
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	return layout(o.name, images, o.created)
}
