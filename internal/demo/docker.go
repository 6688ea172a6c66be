package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/crane"
)

// docker uses the installed Docker, without changing the machine. With "docker manifest inspect", the client itself
// connects to the registry and runs the helper. A daemon cannot reach a registry inside this program, so it loads the
// pulled image from a file and runs it. If docker fails, the demo continues.
func (s *show) docker() {
	client, err := exec.LookPath("docker")
	if err != nil {
		fmt.Fprintln(s.out, "\nDocker is not installed on this machine. It would run the helper as the steps above did.")
		return
	}
	ref := hosts[0] + "/hello:v1"
	err = s.step("docker manifest inspect "+ref+", with this machine's docker", login(hosts[0]), anyCalls, func() error {
		return command(client, "manifest", "inspect", "--insecure", ref).Run()
	})
	if err != nil {
		fmt.Fprintf(s.out, "   skipped: this machine's docker failed: %v\n", err)
		return
	}
	if err := command(client, "version").Run(); err != nil || runtime.GOOS != "linux" {
		fmt.Fprintln(s.out, "\nNo Docker daemon for Linux is running on this machine, so the image is not run.")
		return
	}
	run := func() error { return s.dockerRun(client, ref) }
	if err := s.step("docker run the pulled image, with this machine's docker", "", anyCalls, run); err != nil {
		fmt.Fprintf(s.out, "   skipped: this machine's docker failed: %v\n", err)
	}
}

func (s *show) dockerRun(client, ref string) error {
	image, err := crane.Pull(ref, s.proxied())
	if err != nil {
		return err
	}
	local, file := fmt.Sprintf("ecr-login-demo:%d", os.Getpid()), filepath.Join(s.dir, "image.tar")
	if err := crane.Save(image, local, file); err != nil {
		return err
	}
	if err := command(client, "load", "--input", file).Run(); err != nil {
		return fmt.Errorf("docker load: %w", err)
	}
	defer func() { _ = command(client, "rmi", local).Run() }()
	printed, err := command(client, "run", "--rm", "--network", "none", local).Output()
	if err != nil {
		return fmt.Errorf("docker run: %w", err)
	}
	fmt.Fprintf(s.out, "   it prints: %s\n", strings.TrimSpace(string(printed)))
	return nil
}

func command(client string, args ...string) *exec.Cmd {
	cmd := exec.Command(client, args...)
	cmd.Env = append(os.Environ(), "DOCKER_CLI_EXPERIMENTAL=enabled") // "docker manifest" requires it before Docker 20.10
	return cmd
}
