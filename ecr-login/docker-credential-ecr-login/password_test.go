package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"ecrlogin/internal/awstest"
)

// TestDockerConfig checks that a client pushes to two regions with the output of "password --format docker-config": in
// the variable DOCKER_AUTH_CONFIG, and as config.json. The client reads both with the code of the Docker CLI.
func TestDockerConfig(t *testing.T) {
	hosts := []string{"123456789012.dkr.ecr.us-west-2.amazonaws.com", "210987654321.dkr.ecr.eu-west-1.amazonaws.com"}
	cloud := awstest.New(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("REGISTRY_AUTH_FILE", "")
	print := func(flags ...string) string {
		t.Helper()
		own, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), own)
		cmd.Args = append(append([]string{"docker-credential-ecr-login", "password", "--format", "docker-config"}, flags...), hosts...)
		cmd.Env = []string{"HOME=" + home, "HTTPS_PROXY=" + cloud.Proxy, "AWS_CA_BUNDLE=" + cloud.CAFile, "GORACE=atexit_sleep_ms=0",
			"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, &stderr)
		}
		return string(out)
	}
	push := func(host string) error {
		ref, err := name.ParseReference(host + "/app:v1")
		if err != nil {
			return err
		}
		return remote.Write(ref, empty.Image, remote.WithTransport(cloud.Client().Transport), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	}
	config := filepath.Join(home, "config.json")
	for name, use := range map[string]func(t *testing.T){
		"DOCKER_AUTH_CONFIG": func(t *testing.T) { t.Setenv("DOCKER_AUTH_CONFIG", print()) },
		"config.json": func(t *testing.T) {
			print("--output", config)
			t.Setenv("DOCKER_CONFIG", home)
		},
	} {
		t.Run(name, func(t *testing.T) {
			os.Remove(config)
			t.Setenv("DOCKER_CONFIG", t.TempDir())
			if err := push(hosts[0]); err == nil {
				t.Fatal("the registry accepts a push without a password")
			}
			if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
			use(t)
			for _, host := range hosts {
				if err := push(host); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
