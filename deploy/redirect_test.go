package deploy_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestActionRedirect checks that the action does not follow a redirect from HTTPS to HTTP.
func TestActionRedirect(t *testing.T) {
	a := newAction(t)
	plain := serve(t, a.release)
	url, trust := serveTLS(t, a.release, "")
	if out, err := a.run(append(trust, "RELEASE_URL="+url)...); err != nil {
		t.Fatalf("via HTTPS: %v\n%s", err, out)
	}
	toPlain, trust := serveTLS(t, "", plain)
	out, err := a.run(append(trust, "RELEASE_URL="+toPlain, "RUNNER_TEMP="+t.TempDir())...)
	if err == nil || !strings.Contains(out, "cannot download "+toPlain) {
		t.Errorf("after a redirect to HTTP: %v\n%s", err, out)
	}
	upper := strings.Replace(plain, "http:", "HTTP:", 1)
	if out, err := a.run("RELEASE_URL="+upper, "RUNNER_TEMP="+t.TempDir()); err == nil {
		t.Errorf("with %s:\n%s", upper, out)
	}
}

// TestGitLabRedirect checks that the template does not use a file to which a server redirects from HTTPS to HTTP, unless
// it knows the checksum, with each program that downloads files.
func TestGitLabRedirect(t *testing.T) {
	p := newPipeline(t)
	plain := serve(t, p.release)
	url, trust := serveTLS(t, p.release, "")
	toURL, trustTo := serveTLS(t, "", url)
	toPlain, trustPlain := serveTLS(t, "", plain)
	known := "ECR_LOGIN_SHA256SUMS=" + sums(t, p.release)
	paths := downloaders(t)
	for _, name := range []string{"curl", "wget", "busybox"} {
		path, installed := paths[name]
		if !installed || name == "busybox" && fips140.Enabled() {
			t.Run(name, func(t *testing.T) {
				t.Skip("the program is not installed, or has no cipher suite of FIPS 140-3 in common with Go")
			})
			continue
		}
		for _, test := range []struct {
			name, fails string
			variables   []string
		}{
			{"https", "", append(trust, "ECR_LOGIN_URL="+url)},
			{"redirect to https", "", append(trustTo, "ECR_LOGIN_URL="+toURL)},
			{"redirect to http", "cannot download SHA256SUMS", append(trustPlain, "ECR_LOGIN_URL="+toPlain)},
			{"redirect to http with a checksum", "", append(trustPlain, "ECR_LOGIN_URL="+toPlain, known)},
			{"http in upper case", "is not encrypted", []string{"ECR_LOGIN_URL=" + strings.Replace(plain, "http", "HTTP", 1)}},
		} {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				variables := append([]string{"PATH=" + path, "ECR_LOGIN_REGISTRIES=" + host}, test.variables...)
				out, err := p.run(t, filepath.Join(path, "sh"), helper+" version", variables...)
				if (err != nil) != (test.fails != "") || !strings.Contains(out, test.fails) {
					t.Errorf("the result is %v, want %q:\n%s", err, test.fails, out)
				}
			})
		}
	}
}

// downloaders returns directories with the programs that the template runs: one with curl, one with GNU Wget, and one
// with BusyBox, as in the image docker:cli. A program that is not installed has no directory.
func downloaders(t *testing.T) map[string]string {
	t.Helper()
	paths := map[string]string{}
	for _, name := range []string{"curl", "wget"} {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		paths[name] = t.TempDir()
		for _, tool := range []string{name, "sh", "mktemp", "uname", "sha256sum", "cut", "grep", "tar", "gzip", "rm", "cat"} {
			program, err := exec.LookPath(tool)
			if err == nil {
				err = os.Symlink(program, filepath.Join(paths[name], tool))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if busybox, err := exec.LookPath("busybox"); err == nil {
		paths["busybox"] = t.TempDir()
		if out, err := exec.Command(busybox, "--install", "-s", paths["busybox"]).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return paths
}
