// Command sbom lists what the programs of a release contain: third-party modules with their licenses, a CycloneDX SBOM
// of each program, and an in-toto provenance statement. It runs in the root directory of the program's module. Its
// output depends only on its inputs.
//
//	sbom notices -o FILE
//	    Write the license texts of all modules that are linked into the programs, on any platform of a release.
//	sbom bom -program NAME -version V -commit C -o FILE FILE...
//	    Write the SBOM of a program. The arguments are its executables, or archives that contain them.
//	sbom provenance -version V -commit C -command COMMAND -o FILE DIRECTORY
//	    Write an unsigned provenance statement about all files in a directory.
//
// The commands fail if a module has no license, or one that is not in [accepted].
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// A release is what the options of a command say about the release.
type release struct {
	program    string // name of the executable, without .exe
	version    string
	commit     string
	command    string // the command that built the release
	repository string // URL of the repository
	time       time.Time
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("usage: sbom notices|bom|provenance -o FILE [ARGUMENT...]")
	}
	var r release
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	out := flags.String("o", "", "the `file` to write")
	flags.StringVar(&r.program, "program", "", "`name` of the program")
	flags.StringVar(&r.version, "version", "", "version of the release")
	flags.StringVar(&r.commit, "commit", "", "commit of the release")
	flags.StringVar(&r.command, "command", "", "the command that built the release")
	flags.StringVar(&r.repository, "repository", "https://github.com/OWNER/ecr-login", "`URL` of the repository")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	var err error
	if r.time, err = sourceDate(os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		return err
	}
	var content []byte
	switch {
	case *out == "":
		err = errors.New("option -o is missing")
	case args[0] == "notices":
		content, err = notices()
	case args[0] == "bom":
		content, err = bom(r, flags.Args())
	case args[0] == "provenance" && flags.NArg() == 1:
		content, err = provenance(r, flags.Arg(0))
	default:
		err = fmt.Errorf("%s: unknown command or wrong number of arguments", args[0])
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(*out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(*out, content, 0o644)
}

// sourceDate parses SOURCE_DATE_EPOCH, the Unix time of a reproducible build. Without it, it returns the zero time, which
// is left out of the output.
func sourceDate(epoch string) (time.Time, error) {
	if epoch == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
