// Command man writes the manual pages of docker-credential-ecr-login, one for each of its commands, into the folder that
// it is given.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra/doc"

	"ecrlogin/ecr-login/docker-credential-ecr-login/command"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: man FOLDER")
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
	root := new(command.Program).Root()
	root.DisableAutoGenTag = true
	// A fixed date, so that the same source gives the same bytes.
	date := time.Unix(0, 0).UTC()
	return doc.GenManTree(root, &doc.GenManHeader{Title: "DOCKER-CREDENTIAL-ECR-LOGIN", Section: "1", Source: "ecr-login", Manual: "ecr-login", Date: &date}, dir)
}
