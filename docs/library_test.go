package docs_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// offline matches what the go command prints when it cannot download a module.
var offline = regexp.MustCompile(`dial tcp|module lookup disabled|proxyconnect|i/o timeout|TLS handshake|x509:|Gateway`)

// TestLibrary builds the program of library.md in a separate module, with the commands of that page, and runs it.
func TestLibrary(t *testing.T) {
	clone, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	doc := read(t, "library.md")
	dir := t.TempDir()
	source := block(t, doc, "main.go")
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	commands := strings.Split(strings.TrimSpace(block(t, doc, "commands")), "\n")
	for _, line := range commands {
		args := strings.Fields(strings.ReplaceAll(line, "../ecr-login", clone))
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil && offline.Match(out) {
			t.Skipf("modules cannot be downloaded: %s: %s", line, out)
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	if len(commands) < 4 {
		t.Fatalf("library.md has only the commands %q", commands)
	}
	if runtime.GOOS != "linux" {
		t.Skip("the program was built but not run: only on Linux does Go read SSL_CERT_FILE")
	}
	runDigest(t, filepath.Join(dir, "digest"))
}

// runDigest pushes an image to the stand-in for ECR and checks that the program prints its digest.
func runDigest(t *testing.T, program string) {
	cloud := awstest.New(t)
	cacheDir := t.TempDir()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", cacheDir)
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_ENDPOINT_URL", cloud.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", awstest.KeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
	ref := name.MustParseReference(awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com/app:v1")
	r, err := registry.Parse(ref.Context().RegistryStr())
	if err != nil {
		t.Fatal(err)
	}
	token, err := new(aws.Source).Token(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(1024, 1)
	if err != nil {
		t.Fatal(err)
	}
	auth := authn.FromConfig(authn.AuthConfig{Username: token.Username, Password: token.Password})
	if err := remote.Write(ref, image, remote.WithAuth(auth), remote.WithTransport(cloud.Client().Transport)); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}

	cmd := exec.CommandContext(t.Context(), program, ref.String())
	cmd.Env = append(os.Environ(), "HTTPS_PROXY="+cloud.Proxy, "SSL_CERT_FILE="+cloud.CAFile)
	out, err := cmd.CombinedOutput()
	want := "account " + awstest.Account + " in us-west-2\n" + digest.String() + "\n"
	if err != nil || string(out) != want {
		t.Errorf("digest %s: %v; it printed %q, want %q", ref, err, out, want)
	}
	if kept, err := filepath.Glob(filepath.Join(cacheDir, "digest", awstest.Account+".*.token")); len(kept) != 1 {
		t.Errorf("the cache of digest contains %q, want one token: %v", kept, err)
	}
}

// block returns the indented lines of a page between "<!-- NAME: begin -->" and "<!-- NAME: end -->".
func block(t *testing.T, doc, name string) string {
	t.Helper()
	_, text, begins := strings.Cut(doc, "<!-- "+name+": begin -->\n")
	text, _, ends := strings.Cut(text, "<!-- "+name+": end -->")
	if !begins || !ends {
		t.Fatalf("the page has no block %q", name)
	}
	return strings.ReplaceAll("\n"+text, "\n    ", "\n")[1:]
}
