// Command man writes the manual pages of docker-credential-ecr-login and ecr-token-refresh, one for each command, to a
// directory. Their date is SOURCE_DATE_EPOCH (Unix seconds) if set, or the current date.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"ecrlogin/internal/cli"
	"ecrlogin/internal/refreshcli"
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
	for _, root := range roots() {
		root.DisableAutoGenTag = true
		header := &doc.GenManHeader{Title: strings.ToUpper(root.Name()), Section: "1", Source: "ecr-login", Manual: "ecr-login"}
		if err := doc.GenManTree(root, header, dir); err != nil {
			return err
		}
	}
	return nil
}

// roots returns the root commands of the programs.
func roots() []*cobra.Command {
	return []*cobra.Command{new(cli.Program).Root(), new(refreshcli.Program).Root()}
}
