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

// hub is the key of Docker Hub.
const hub = "https://index.docker.io/v1/"

// TestFallback has the helper be the store for everything, with another one behind it for the
// registries of everybody else: one of the user's own that wants a password, one that wants
// none, and Docker Hub. They work as they did before, and AWS hears nothing of them.
func TestFallback(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	startPlainRegistry(t)
	startPrivateRegistry(t)
	img := newImage(t)
	for _, c := range clients(t) {
		t.Run(c.name+"/pass", func(t *testing.T) {
			aws.ResetCalls()
			fallbackToPass(t, scene{aws: aws, client: c, image: img, row: new(row)})
		})
	}
	for _, c := range dockers(t) {
		t.Run(c.name+"/file", func(t *testing.T) {
			aws.ResetCalls()
			fallbackToFile(t, scene{aws: aws, client: c, image: img, row: new(row)})
		})
	}
}

// fallbackToPass is for those who have a keychain. It holds the passwords of all registries but
// ECR's, those from before as well as new ones.
func fallbackToPass(t *testing.T, sc scene) {
	s := sc.session(t, sc.client.central).withPass(t)
	s.configureHelper(t, "fallback: pass\n")
	s.passes(t, "store", passwordFor(privateRegistry)) // by whatever was configured before
	others(t, sc, s)
	logsOut(t, sc, s)
	dockerHub(t, s)
	if calls := sc.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS was asked for registries that are not its own: %v", calls)
	}
	roundTrip(t, sc, s, reference(t, firstHost))
	lists(t, s, map[string]string{firstHost: "AWS", privateRegistry: privateUser})
	if paths := s.filesWith(t, privateUser, privatePassword); len(paths) > 0 {
		t.Errorf("the password can be read in %q", paths)
	}
}

// others moves images to and from the user's own registries.
func others(t *testing.T, sc scene, s *session) {
	t.Helper()
	for _, host := range []string{privateRegistry, plainRegistry} {
		ref := reference(t, host)
		s.must(t, sc.client.build, ref)
		s.must(t, sc.client.push, ref)
		s.must(t, sc.client.remove, ref)
		s.must(t, sc.client.pull, ref)
	}
}

// logsOut logs out of the private registry, whose password pass has, and in again.
func logsOut(t *testing.T, sc scene, s *session) {
	t.Helper()
	ref := reference(t, privateRegistry)
	s.losesAccess(t, sc, ref)
	if s.inPass(t, privateRegistry) {
		t.Error("logout left the password in pass")
	}
	s.typing(privatePassword).must(t, asAnn(sc.client.login), ref)
	if !s.inPass(t, privateRegistry) {
		t.Error("login did not bring the password back into pass")
	}
	s.wroteNoPassword(t)
	s.must(t, sc.client.pull, ref)
}

// losesAccess fails the test unless an image cannot be pulled any more after a logout.
func (s *session) losesAccess(t *testing.T, sc scene, ref string) {
	t.Helper()
	s.must(t, sc.client.logout, ref)
	s.must(t, sc.client.remove, ref)
	if output, err := s.sh(t, sc.client.pull, ref); err == nil {
		t.Errorf("pulled after the logout:\n%s", output)
	}
}

// dockerHub stores, reads and erases the password of Docker Hub, as Docker does by that key.
func dockerHub(t *testing.T, s *session) {
	t.Helper()
	s.helper(t, "store", passwordFor(hub))
	var got struct{ ServerURL, Username, Secret string }
	if err := json.Unmarshal([]byte(s.helper(t, "get", hub)), &got); err != nil {
		t.Error(err)
	}
	if got.ServerURL != hub || got.Username != privateUser || got.Secret != privatePassword {
		t.Errorf("got a password of %d letters of %q for %q", len(got.Secret), got.Username, got.ServerURL)
	}
	lists(t, s, map[string]string{hub: privateUser, privateRegistry: privateUser})
	s.helper(t, "erase", hub)
	output, err := s.typing(hub).sh(t, "docker-credential-ecr-login get", "")
	if err == nil || output != "credentials not found in native keychain\n" {
		t.Errorf("after it was erased: %v, %d characters", err, len(output))
	}
}

// lists fails the test unless these are all that the helper lists.
func lists(t *testing.T, s *session, want map[string]string) {
	t.Helper()
	var got map[string]string
	if err := json.Unmarshal([]byte(s.helper(t, "list", "")), &got); err != nil || !maps.Equal(got, want) {
		t.Errorf("the list is %v, %v, want %v", got, err, want)
	}
}

// fallbackToFile is for those who have no keychain: passwords that Docker wrote into its file go
// on working, and new ones are kept beside it, because Docker writes over its file.
func fallbackToFile(t *testing.T, sc scene) {
	const another = "localhost:5001" // the same registry by another name
	s, ref, refOther := sc.session(t, credsStore), reference(t, privateRegistry), reference(t, another)
	s.loggedInBefore(t, sc, ref)
	s.configureHelper(t, "fallback: file\n")
	others(t, sc, s)

	s.must(t, sc.client.build, refOther)
	s.typing(privatePassword).must(t, asAnn(sc.client.login), refOther)
	s.must(t, sc.client.push, refOther)
	kept := filepath.Join(filepath.Dir(s.dockerConfig()), "ecr-login-auths.json")
	if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if paths, want := s.filesWith(t, privateUser, privatePassword), []string{s.dockerConfig(), kept}; !slices.Equal(paths, want) {
		t.Errorf("the passwords are in %q, want %q", paths, want)
	}
	lists(t, s, map[string]string{privateRegistry: privateUser, another: privateUser})
	s.losesAccess(t, sc, refOther)
	s.losesAccess(t, sc, ref)
	lists(t, s, map[string]string{})
	if calls := sc.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS was asked for registries that are not its own: %v", calls)
	}
	roundTrip(t, sc, s, reference(t, firstHost))
}

// loggedInBefore has Docker write the password into its own file, and then names the helper there.
func (s *session) loggedInBefore(t *testing.T, sc scene, ref string) {
	t.Helper()
	writeFile(t, s.dockerConfig(), fmt.Sprintf(`{"auths": {%q: {}}}`, hub)) // with none, Docker would try pass
	s.typing(privatePassword).must(t, asAnn(sc.client.login), ref)
	before, err := os.ReadFile(s.dockerConfig())
	if err != nil || !strings.Contains(string(before), `"auth":`) {
		t.Fatalf("docker wrote no password (%v)", err)
	}
	writeFile(t, s.dockerConfig(), strings.Replace(string(before), "{", `{"credsStore": "ecr-login",`, 1))
}

// passwordFor is what clients send to have the private registry's password stored for a host.
func passwordFor(serverURL string) string {
	return fmt.Sprintf(`{"ServerURL": %q, "Username": %q, "Secret": %q}`, serverURL, privateUser, privatePassword)
}

// asAnn is a login with the private registry's user name.
func asAnn(login string) string { return strings.Replace(login, "AWS", privateUser, 1) }

// filesWith returns those of the user's files that have that password, as it is or as Docker writes
// it into its file, in the order of their names.
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
