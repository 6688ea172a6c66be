package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// debianDocker is the client of the Debian package. PATH may contain another one.
const debianDocker = "/usr/bin/docker"

// dockerDir is the directory of the Docker client that is built, relative to the directory of the other programs. It is
// not on PATH.
const dockerDir = "docker-cli"

func docker(program string) client {
	return client{
		name: "docker", title: "Docker", program: program, allHosts: credsStore, loginFile: credHelpers,
		version: `docker version --format '{{.Client.Version}}'`,
		build:   `DOCKER_BUILDKIT=0 docker build --quiet --tag $REF $CONTEXT`,
		push:    `docker push $REF`,
		remove:  `docker rmi --force $REF`,
		pull:    `docker pull $REF`,
		run:     `docker run --rm --network none $REF`,
		login:   `docker login --username AWS --password-stdin $HOST`,
		relogin: `docker login $HOST`,
		logout:  `docker logout $HOST`,
	}
}

// buildkit is the builder in Docker's daemon, which requests passwords from the client.
func buildkit() client {
	c := docker(debianDocker)
	c.name, c.title = "buildkit", "BuildKit (in Docker)"
	c.build = `DOCKER_BUILDKIT=1 docker build --tag $REF $CONTEXT`
	c.remove += ` && docker builder prune --all --force`
	c.pull = `echo FROM $REF | DOCKER_BUILDKIT=1 docker build --pull --tag $REF -`
	return c
}

// dockers returns a client for each version of docker on PATH, where a newer version may be installed in addition to the
// package, and for the one that is built.
func dockers(t *testing.T) []client {
	t.Helper()
	var rows []client
	seen := map[string]bool{}
	dirs := append([]string{filepath.Dir(debianDocker)}, filepath.SplitList(os.Getenv("PATH"))...)
	dirs = append(dirs, filepath.Join(filepath.Dir(lookPath(t, "oras")), dockerDir)) // oras is built, too
	for _, dir := range dirs {
		c := docker(filepath.Join(dir, "docker"))
		number, ok := dockerVersion(c.program)
		if !ok || seen[number] {
			continue
		}
		seen[number] = true
		c.name += "-" + number
		rows = append(rows, c)
	}
	if len(rows) < 2 {
		t.Fatal("no docker in " + filepath.Dir(debianDocker) + "; run.sh installs it")
	}
	return rows
}

// dockerVersion returns the first two numbers in the output of "docker --version", which is, for example,
// "Docker version 20.10.24+dfsg1, build 297e128".
func dockerVersion(program string) (version string, ok bool) {
	out, err := exec.Command(program, "--version").Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) < 3 {
		return "", false
	}
	numbers := strings.SplitN(words[2], ".", 3)
	return strings.Join(numbers[:min(2, len(numbers))], "."), true
}
