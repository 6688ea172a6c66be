package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hub is Docker's server URL for Docker Hub.
const hub = "https://index.docker.io/v1/"

// TestFallback configures the helper as the credential store for all registries, with a fallback for those that are not
// Amazon ECR: a private registry, a registry without passwords, and Docker Hub. They work as before, and AWS receives
// no requests for them.
func TestFallback(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	startPlainRegistry(t)
	startPrivateRegistry(t)
	img := newImage(t)
	for _, c := range clients(t) {
		t.Run(c.name+"/pass", func(t *testing.T) {
			aws.ResetCalls()
			fallbackToPass(t, fixture{aws: aws, client: c, image: img, row: new(row)})
		})
	}
	for _, c := range dockers(t) {
		t.Run(c.name+"/file", func(t *testing.T) {
			aws.ResetCalls()
			fallbackToFile(t, fixture{aws: aws, client: c, image: img, row: new(row)})
		})
	}
}

// fallbackToPass uses a keychain as fallback. It contains the passwords of all registries that are not Amazon ECR, both
// existing and new ones.
func fallbackToPass(t *testing.T, sc fixture) {
	s := sc.session(t, sc.client.allHosts).withPass(t)
	s.configureHelper(t, "fallback: pass\n")
	s.runPass(t, "store", passwordFor(privateRegistry)) // stored before the helper was configured
	otherRegistries(t, sc, s)
	logOut(t, sc, s)
	dockerHub(t, s)
	if calls := sc.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS received requests for registries that are not Amazon ECR: %v", calls)
	}
	roundTrip(t, sc, s, reference(t, firstHost))
	mustList(t, s, map[string]string{firstHost: "AWS", privateRegistry: privateUser})
	if paths := s.filesWith(t, privateUser, privatePassword); len(paths) > 0 {
		t.Errorf("%q contain the password", paths)
	}
}

// otherRegistries pushes images to, and pulls them from, registries that are not Amazon ECR.
func otherRegistries(t *testing.T, sc fixture, s *session) {
	t.Helper()
	for _, host := range []string{privateRegistry, plainRegistry} {
		ref := reference(t, host)
		s.must(t, sc.client.build, ref)
		s.must(t, sc.client.push, ref)
		s.must(t, sc.client.remove, ref)
		s.must(t, sc.client.pull, ref)
	}
}

// logOut logs out of the private registry, whose password is in pass, and logs in again.
func logOut(t *testing.T, sc fixture, s *session) {
	t.Helper()
	ref := reference(t, privateRegistry)
	s.mustLoseAccess(t, sc, ref)
	if s.inPass(t, privateRegistry) {
		t.Error("logout did not remove the password from pass")
	}
	s.withInput(privatePassword).must(t, asPrivateUser(sc.client.login), ref)
	if !s.inPass(t, privateRegistry) {
		t.Error("login did not store the password in pass")
	}
	s.mustNotWritePassword(t)
	s.must(t, sc.client.pull, ref)
}

// mustLoseAccess logs out, and fails the test if the image can still be pulled.
func (s *session) mustLoseAccess(t *testing.T, sc fixture, ref string) {
	t.Helper()
	s.must(t, sc.client.logout, ref)
	s.must(t, sc.client.remove, ref)
	if output, err := s.sh(t, sc.client.pull, ref); err == nil {
		t.Errorf("the pull succeeded after the logout:\n%s", output)
	}
}

// dockerHub stores, reads and erases the password of Docker Hub, with the server URL that Docker uses.
func dockerHub(t *testing.T, s *session) {
	t.Helper()
	s.helper(t, "store", passwordFor(hub))
	var got struct{ ServerURL, Username, Secret string }
	if err := json.Unmarshal([]byte(s.helper(t, "get", hub)), &got); err != nil {
		t.Error(err)
	}
	if got.ServerURL != hub || got.Username != privateUser || got.Secret != privatePassword {
		t.Errorf("got a password of %d characters of user %q for %q", len(got.Secret), got.Username, got.ServerURL)
	}
	mustList(t, s, map[string]string{hub: privateUser, privateRegistry: privateUser})
	s.helper(t, "erase", hub)
	output, err := s.withInput(hub).sh(t, "docker-credential-ecr-login get", "")
	if err == nil || output != "credentials not found in native keychain\n" {
		t.Errorf("get after erase: %v, %d characters", err, len(output))
	}
}

// mustList fails the test unless the helper's list is equal to want.
func mustList(t *testing.T, s *session, want map[string]string) {
	t.Helper()
	var got map[string]string
	if err := json.Unmarshal([]byte(s.helper(t, "list", "")), &got); err != nil || !maps.Equal(got, want) {
		t.Errorf("the list is %v, %v, want %v", got, err, want)
	}
}

// fallbackToFile uses a file as fallback. Passwords in Docker's file still work. New ones are stored in a separate
// file, because Docker overwrites its own.
func fallbackToFile(t *testing.T, sc fixture) {
	const another = "localhost:5001" // another name of the same registry
	s, ref, refOther := sc.session(t, credsStore), reference(t, privateRegistry), reference(t, another)
	s.logInWithoutHelper(t, sc, ref)
	s.configureHelper(t, "fallback: file\n")
	otherRegistries(t, sc, s)

	s.must(t, sc.client.build, refOther)
	s.withInput(privatePassword).must(t, asPrivateUser(sc.client.login), refOther)
	s.must(t, sc.client.push, refOther)
	file := filepath.Join(filepath.Dir(s.dockerConfig()), "ecr-login-auths.json")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if paths, want := s.filesWith(t, privateUser, privatePassword), []string{s.dockerConfig(), file}; !slices.Equal(paths, want) {
		t.Errorf("the passwords are in %q, want %q", paths, want)
	}
	mustList(t, s, map[string]string{privateRegistry: privateUser, another: privateUser})
	s.mustLoseAccess(t, sc, refOther)
	s.mustLoseAccess(t, sc, ref)
	mustList(t, s, map[string]string{})
	if calls := sc.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS received requests for registries that are not Amazon ECR: %v", calls)
	}
	roundTrip(t, sc, s, reference(t, firstHost))
}

// logInWithoutHelper logs in before the helper is configured, so that Docker's file contains the password.
func (s *session) logInWithoutHelper(t *testing.T, sc fixture, ref string) {
	t.Helper()
	writeFile(t, s.dockerConfig(), fmt.Sprintf(`{"auths": {%q: {}}}`, hub)) // if auths is empty, Docker tries pass
	s.withInput(privatePassword).must(t, asPrivateUser(sc.client.login), ref)
	before, err := os.ReadFile(s.dockerConfig())
	if err != nil || !strings.Contains(string(before), `"auth":`) {
		t.Fatalf("docker wrote no password (%v)", err)
	}
	writeFile(t, s.dockerConfig(), strings.Replace(string(before), "{", `{"credsStore": "ecr-login",`, 1))
}

// passwordFor returns the input of the store action, with the password of the private registry.
func passwordFor(serverURL string) string {
	return fmt.Sprintf(`{"ServerURL": %q, "Username": %q, "Secret": %q}`, serverURL, privateUser, privatePassword)
}

// asPrivateUser returns the login command with the user name of the private registry.
func asPrivateUser(login string) string { return strings.Replace(login, "AWS", privateUser, 1) }

// filesWith returns the user's files that contain the password, in plain text or in the encoding of Docker's file,
// sorted by name.
func (s *session) filesWith(t *testing.T, user, password string) (paths []string) {
	t.Helper()
	encoded := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	for _, dir := range []string{s.home, s.run} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if strings.Contains(string(content), password) || strings.Contains(string(content), encoded) {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	return paths
}
