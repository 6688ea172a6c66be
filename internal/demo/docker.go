package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// docker goes as far with the machine's own Docker as can be gone without changing the machine. Its client talks to the
// registry by itself for "docker manifest inspect", and runs the helper for it. Its daemon, if one answers, cannot reach a
// registry that exists only inside this program, so it is given the image that was pulled, and runs it. What is called
// docker may be anything, so nothing that it does makes the demo fail.
func (s *show) docker() {
	client, err := exec.LookPath("docker")
	if err != nil {
		fmt.Fprintln(s.out, "\nThere is no docker on this machine; what it would do is what the steps above did.")
		return
	}
	ref := hosts[0] + "/hello:v1"
	err = s.step("docker manifest inspect "+ref+", with this machine's docker", login(hosts[0]), func() error {
		return command(client, "manifest", "inspect", "--insecure", ref).Run()
	})
	if err != nil {
		fmt.Fprintf(s.out, "   this machine's docker does not take part: %v\n", err)
		return
	}
	if err := command(client, "version").Run(); err != nil || runtime.GOOS != "linux" {
		fmt.Fprintln(s.out, "\nNo Docker daemon for Linux answers on this machine, so the image is not run.")
		return
	}
	if err := s.step("docker run the image that was pulled, with this machine's docker", "", func() error { return s.dockerRun(client, ref) }); err != nil {
		fmt.Fprintf(s.out, "   this machine's docker does not take part: %v\n", err)
	}
}

func (s *show) dockerRun(client, ref string) error {
	tag, err := name.NewTag(ref)
	if err != nil {
		return err
	}
	image, err := remote.Image(tag, s.options(authn.DefaultKeychain)...)
	if err != nil {
		return err
	}
	local, err := name.NewTag("ecr-login-demo:" + fmt.Sprint(os.Getpid()))
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "image.tar")
	if err := tarball.WriteToFile(file, local, image); err != nil {
		return err
	}
	if err := command(client, "load", "--input", file).Run(); err != nil {
		return fmt.Errorf("docker load: %w", err)
	}
	defer func() { _ = command(client, "rmi", local.String()).Run() }()
	said, err := command(client, "run", "--rm", "--network", "none", local.String()).Output()
	if err != nil {
		return fmt.Errorf("docker run: %w", err)
	}
	fmt.Fprintf(s.out, "   it says: %s\n", strings.TrimSpace(string(said)))
	return nil
}

func command(client string, args ...string) *exec.Cmd {
	cmd := exec.Command(client, args...)
	cmd.Env = append(os.Environ(), "DOCKER_CLI_EXPERIMENTAL=enabled") // for manifest, before Docker 20.10
	return cmd
}
