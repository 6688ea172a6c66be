// Command man writes the manual pages of docker-credential-ecr-login, one for each command, to a directory. Their
// date is SOURCE_DATE_EPOCH (Unix seconds) if set, or the current date.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra/doc"

	"ecrlogin/internal/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: man DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root := new(cli.Program).Root()
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Title: "DOCKER-CREDENTIAL-ECR-LOGIN", Section: "1", Source: "ecr-login", Manual: "ecr-login"}
	return doc.GenManTree(root, header, dir)
}
