// Command talos checks a system extension, extracted in a directory, for a version of Talos, with the code with which
// Talos does so when it builds and installs an image.
package main

import (
	"fmt"
	"os"

	"github.com/blang/semver/v4"
	"github.com/siderolabs/talos/pkg/machinery/extensions"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: talos DIRECTORY VERSION")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(dir, version string) error {
	v, err := semver.Parse(version)
	if err != nil {
		return err
	}
	extension, err := extensions.Load(dir)
	if err != nil {
		return err
	}
	fmt.Println(extension.Manifest.Metadata.Name, extension.Manifest.Metadata.Version)
	return extension.Validate(extensions.WithValidateConstraints(), extensions.WithValidateContents(), extensions.WithTalosVersion(&v))
}
