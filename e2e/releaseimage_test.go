package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/awstest"
)

// releaseImages writes the images of a release for this architecture, with version 1.2.3, and returns their directory.
func releaseImages(t *testing.T, certificates string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	out, err := exec.CommandContext(t.Context(), "make", "--silent", "-C", "..", "dist-images", "VERSION=1.2.3", "IMAGE_ARCHS="+runtime.GOARCH,
		"DIST="+dir, "IMAGE_DIR="+filepath.Join(dir, "programs"), "CERTIFICATES="+certificates, "SOURCE_DATE_EPOCH=1700000000").CombinedOutput()
	if err != nil {
		t.Fatalf("make dist-images: %v\n%s", err, out)
	}
	return dir
}

// inspect returns what skopeo inspect prints about an image.
func (s *session) inspect(t *testing.T, flags, image string) (result struct {
	Os, Architecture string
	Labels           map[string]string
	Layers           []string
	Manifests        []struct {
		Platform struct{ Os, Architecture string }
	}
}) {
	t.Helper()
	out := s.must(t, "skopeo inspect "+flags+" "+image, "")
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return result
}

// TestReleaseImages uses the images of a release.
func TestReleaseImages(t *testing.T) {
	aws := startAWS(t)
	dir := releaseImages(t, aws.CAFile)
	t.Run("Docker", func(t *testing.T) { testContainerImage(t, aws, dir) })
	t.Run("Podman", func(t *testing.T) { testImageFiles(t, aws, dir) })
}

// testImageFiles reads, loads and runs the images of the helper and of the Talos system extension, and copies the
// programs from them, with Podman, Buildah and Skopeo.
func testImageFiles(t *testing.T, aws *awstest.Server, dir string) {
	s := newSession(t, aws, podman(), image{}, authJSON)
	s.env = append(s.env, "IMAGE="+filepath.Join(dir, "ecr-login-image-"+runtime.GOARCH+".tar"), "EXTENSION="+filepath.Join(dir, "ecr-login-talos-extension-"+runtime.GOARCH+".tar"))
	for _, name := range []string{"$IMAGE", "$EXTENSION"} {
		i := s.inspect(t, "", "oci-archive:"+name)
		if i.Os != "linux" || i.Architecture != runtime.GOARCH || len(i.Layers) != 1 || i.Labels["org.opencontainers.image.version"] != "1.2.3" {
			t.Errorf("%s: %+v", name, i)
		}
	}
	s.must(t, "podman load --input $IMAGE", "")
	const run = "podman run --rm --read-only --cap-drop=all --security-opt=no-new-privileges --user 65534 "
	if got := s.must(t, run+"ecr-login:1.2.3 version", ""); got != "docker-credential-ecr-login 1.2.3\n" {
		t.Errorf("version printed %q", got)
	}
	t.Run("init container", func(t *testing.T) { testInstall(t, s, run) })
	t.Run("copy", func(t *testing.T) { testCopyFrom(t, s) })
	t.Run("Talos", func(t *testing.T) {
		s.must(t, "podman load --input $EXTENSION", "")
		root := strings.TrimSpace(s.must(t, "podman image mount ecr-login-talos-extension:1.2.3", ""))
		provider := filepath.Join(root, "rootfs/usr/local/lib/kubelet/credentialproviders/ecr-credential-provider")
		if got := s.must(t, provider+" --version", ""); got != "docker-credential-ecr-login 1.2.3\n" {
			t.Errorf("the provider printed %q", got)
		}
		if got := s.must(t, "talos "+root+" 1.6.0", ""); got != "ecr-login 1.2.3\n" {
			t.Errorf("Talos reads the extension %q", got)
		}
		if got, err := s.sh(t, "talos "+root+" 1.5.0", ""); err == nil || !strings.Contains(got, "can't be satisfied with Talos version 1.5.0") {
			t.Errorf("Talos 1.5, which has no credential providers: %v, %q", err, got)
		}
	})
}

// testInstall installs the program in a volume that another user owns, as an init container, and uses the copy. Then it
// causes the errors of the file system.
func testInstall(t *testing.T, s *session, run string) {
	target := filepath.Join(s.home, "target")
	if err := errors.Join(os.Mkdir(target, 0o755), os.Chown(target, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	install := run + "--volume " + target + ":/target ecr-login:1.2.3 install /target"
	const first, second = "/target/docker-credential-ecr-login: ", "/target/ecr-credential-provider: "
	for _, want := range []string{
		first + "a copy of this program\n" + second + "a link to docker-credential-ecr-login\n",
		first + "already up to date\n" + second + "already up to date\n",
	} {
		if got := s.must(t, install, ""); got != want {
			t.Errorf("install printed %q, want %q", got, want)
		}
	}
	request := `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"` + firstHost + `/app"}`
	if got := s.withInput(firstHost).must(t, target+"/docker-credential-ecr-login get", ""); !strings.Contains(got, `"Username":"AWS"`) {
		t.Errorf("the copy printed %d bytes without a user name", len(got))
	}
	if got := s.withInput(request).must(t, target+"/ecr-credential-provider", ""); !strings.Contains(got, `"kind":"CredentialProviderResponse"`) {
		t.Errorf("the copy printed %d bytes, which are no response", len(got))
	}

	node, foreign := filepath.Join(s.home, "node"), filepath.Join(s.home, "foreign") // for root without capabilities
	if err := errors.Join(os.Mkdir(node, 0o755), os.Mkdir(foreign, 0o777), os.Chown(foreign, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	asRoot := strings.Replace(run, "--user 65534", "--user 0", 1) + "--volume " + node + ":/target ecr-login:1.2.3 install /target"
	if got := s.must(t, asRoot, ""); !strings.HasPrefix(got, first+"a copy of this program\n") {
		t.Errorf("install as root printed %q", got)
	}
	got, err := s.sh(t, strings.Replace(asRoot, node, foreign, 1), "")
	const refused = first + "cannot install this program: /target belongs to another user; " +
		"specify another directory, or run this command as its owner\n"
	if err == nil || got != refused {
		t.Errorf("install as root in a directory of another user: %v, %q, want %q", err, got, refused)
	}

	small, full, file := filepath.Join(s.run, "small"), filepath.Join(s.home, "full"), filepath.Join(s.home, "file")
	writeFile(t, file, "another program")
	err = errors.Join(os.Chmod(file, 0o644), os.Mkdir(full, 0o755), os.Mkdir(small, 0o755), syscall.Mount("tmpfs", small, "tmpfs", 0, "size=1m,mode=777"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	info, err := os.Stat(filepath.Join(target, "docker-credential-ecr-login"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ volume, command, want string }{
		{full + ":/target:ro", "install", "read-only file system; mount the volume without readOnly, or specify another directory"},
		{full + ":/target", "install", "permission denied; check the owner and mode of /target, run this command as a user who can write there, " +
			"or set fsGroup in the securityContext of the pod"},
		{small + ":/target", "install", fmt.Sprintf("no space left on device; free %d MiB in /target, or enlarge the volume", info.Size()>>20+1)},
		{target + ":/target --volume " + file + ":" + strings.TrimSuffix(first, ": "), "install --replace",
			"invalid cross-device link; the file is in use or a mount point; stop the programs that use it, and mount the volume at the directory"},
	} {
		got, err := s.sh(t, run+"--volume "+tt.volume+" ecr-login:1.2.3 "+tt.command+" /target", "")
		if want := first + "cannot install this program: " + tt.want + "\n"; err == nil || got != want {
			t.Errorf("%s: %v\n%s\nwant: %s", tt.volume, err, got, want)
		}
	}
	for path, want := range map[string]int{small: 0, full: 0, foreign: 0, target: 2} {
		if entries, err := os.ReadDir(path); err != nil || len(entries) != want {
			t.Errorf("%s contains %v, %v; want %d files", path, entries, err, want)
		}
	}
}

// testCopyFrom builds images with the program from the loaded image and from the file, and runs them.
func testCopyFrom(t *testing.T, s *session) {
	for _, source := range []string{"ecr-login:1.2.3", "oci-archive:$IMAGE"} {
		for _, builder := range []string{"podman", "buildah"} {
			s.must(t, `mkdir -p build; cat >build/Dockerfile <<EOF
FROM scratch
COPY --from=`+source+` /bin/ /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/docker-credential-ecr-login"]
EOF
`+builder+" build --no-cache --tag copy build", "")
			if got := s.must(t, "podman run --rm copy version", ""); got != "docker-credential-ecr-login 1.2.3\n" {
				t.Errorf("%s, %s: version printed %q", builder, source, got)
			}
		}
	}
}

// TestImageOfSeveralArchitectures copies the image of several architectures as a registry stores it.
func TestImageOfSeveralArchitectures(t *testing.T) {
	s := newSession(t, startAWS(t), skopeo(), image{}, authJSON)
	archs := []string{"amd64", "arm64"}
	for _, arch := range archs {
		writeFile(t, filepath.Join(s.home, "linux-"+arch+"/docker-credential-ecr-login"), arch)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "./internal/release/image", "-kind", "ecr-login", "-arch", strings.Join(archs, ","),
		"-programs", s.home, filepath.Join(s.home, "image.tar"))
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.must(t, "skopeo copy --all oci-archive:image.tar oci:layout", "")
	manifests := s.inspect(t, "--raw", "oci:layout").Manifests
	if len(manifests) != len(archs) {
		t.Fatalf("manifests: %+v", manifests)
	}
	for n, arch := range archs {
		if p := manifests[n].Platform; p.Os != "linux" || p.Architecture != arch {
			t.Errorf("platform %d: %+v", n, p)
		}
		if i := s.inspect(t, "--override-arch "+arch, "oci:layout"); i.Architecture != arch {
			t.Errorf("the image of %s is for %s", arch, i.Architecture)
		}
	}
}
