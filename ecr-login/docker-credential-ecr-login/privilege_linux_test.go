package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// TestUmask checks the modes of all files that the program writes, with the least and the most strict umask.
func TestUmask(t *testing.T) {
	for _, umask := range []string{"000", "077"} {
		t.Run(umask, func(t *testing.T) {
			cloud, dir := awstest.New(t), t.TempDir()
			home, out := filepath.Join(dir, "home"), filepath.Join(dir, "out")
			if err := os.Mkdir(out, 0o700); err != nil {
				t.Fatal(err)
			}
			const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
			for _, args := range []string{
				"password " + host + " --output " + out + "/password", "metrics --output " + out + "/metrics",
				"configure docker --registry " + host, "configure podman --registry " + host, "cache clear " + host, "password " + host,
			} {
				cmd := exec.Command("sh", "-c", "umask "+umask+"; exec docker-credential-ecr-login "+args)
				cmd.Env = userEnvironment(cloud, home)
				if got, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", args, err, got)
				}
			}
			files := 0
			err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || path == dir || path == home || path == out || strings.HasSuffix(path, ".pem") {
					return err
				}
				files++
				info, err := d.Info()
				if err != nil {
					return err
				}
				open := info.Mode().Perm() & 0o077
				if open&0o022 != 0 || open != 0 && umask == "077" && path != out+"/metrics" {
					t.Errorf("%s has mode %v", path, info.Mode())
				}
				if secret := strings.HasSuffix(path, ".token") || path == out+"/password" || strings.Contains(path, "/.cache/"); secret && open != 0 {
					t.Errorf("%s has mode %v", path, info.Mode())
				}
				if path == out+"/metrics" && info.Mode() != 0o644 {
					t.Errorf("%s has mode %v, want 0644", path, info.Mode())
				}
				return nil
			})
			if err != nil || files < 8 {
				t.Errorf("%d files, %v", files, err)
			}
		})
	}
}

// userEnvironment returns the environment of a user with an access key.
func userEnvironment(cloud *awstest.Server, home string) []string {
	return []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0", "AWS_ACCESS_KEY_ID=" + awstest.KeyID,
		"AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey, "AWS_CA_BUNDLE=" + cloud.CAFile, "HTTPS_PROXY=" + cloud.Proxy}
}

// TestWithoutPrivileges checks that the program needs no capability, no privileged program, no home directory and no
// writable file system: as nobody, with a read-only root.
func TestWithoutPrivileges(t *testing.T) {
	for _, tool := range []string{"setpriv", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil || os.Geteuid() != 0 {
			t.Skipf("this test needs root and %s", tool)
		}
	}
	u := newOtherUser(t)
	const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	script := `mount -o remount,bind,ro / 2>/dev/null || { mount --bind / / && mount -o remount,bind,ro /; } || exit 99
exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"`
	for _, args := range []string{"get", "list", "erase", "password " + host, "metrics", "cache list", "version"} {
		cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, "sh", u.binary}, strings.Fields(args)...)...)
		cmd.Dir = u.dir
		cmd.Stdin = strings.NewReader(host)
		cmd.Env = userEnvironment(u.cloud, "")[1:] // without HOME
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if cmd.ProcessState.ExitCode() == 99 || strings.Contains(stderr.String(), "unshare") {
			t.Skipf("this test needs the right to mount: %s", stderr.String())
		}
		if err != nil || args == "get" && !strings.Contains(stdout.String(), `"Username":"AWS"`) || stderr.String() != "" {
			t.Errorf("%s: %v\n%s%s", args, err, stdout.String(), stderr.String())
		}
	}
}
