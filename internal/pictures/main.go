// Command pictures draws what the demo, doctor and configure print, as SVG files in a directory. It runs these programs
// against a stand-in for AWS, with a terminal as standard output. What differs between machines and runs, such as
// directories and durations, is replaced. With -check, it compares the files with what the programs print now.
//
//	pictures [-check] bin/docker-credential-ecr-login bin/ecr-token-refresh docs/images
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "compare the files instead of writing them")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: pictures [-check] HELPER REFRESH DIRECTORY")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 3 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), flag.Arg(2), *check); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(helper, refresher, dir string, check bool) error {
	save := write
	if check {
		save = compare
	}
	m, err := newMachine(helper, refresher)
	if err != nil {
		return err
	}
	defer m.close()
	var failed error
	for _, p := range []struct {
		name, title string
		record      func() (string, error)
	}{
		{"demo", "The output of make demo", m.demo},
		{"doctor", "The output of docker-credential-ecr-login doctor for a mistake in Docker's config.json", m.doctor},
		{"configure", "The output of docker-credential-ecr-login configure docker, which corrects the mistake", m.configure},
	} {
		text, err := p.record()
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		failed = errors.Join(failed, save(filepath.Join(dir, p.name+".svg"), draw(p.title, text)))
	}
	return failed
}

func write(path string, picture []byte) error { return os.WriteFile(path, picture, 0o644) }

func compare(path string, picture []byte) error {
	was, err := os.ReadFile(path)
	if err != nil || bytes.Equal(was, picture) {
		return err
	}
	old, now := bytes.Split(was, []byte("\n")), bytes.Split(picture, []byte("\n"))
	n := 0
	for n < min(len(old), len(now))-1 && bytes.Equal(old[n], now[n]) {
		n++
	}
	return fmt.Errorf("%s:%d differs from the output of the program; run: make pictures\n- %s\n+ %s", path, n+1, old[n], now[n])
}
