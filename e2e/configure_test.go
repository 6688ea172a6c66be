package e2e

import (
	"os"
	"testing"
)

// TestConfigure configures the client with "configure", and restores its files with "configure undo". Docker has
// another credential store with a password for another registry, which works before, in between and after.
func TestConfigure(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	startPrivateRegistry(t)
	img := newImage(t)
	for _, c := range dockers(t) {
		t.Run(c.name, func(t *testing.T) {
			sc := fixture{aws: aws, client: c, image: img, row: new(row)}
			s := sc.session(t, credsStore).withPass(t)
			const before = "{\n\t\"credsStore\": \"pass\" }\n"
			writeFile(t, s.dockerConfig(), before)
			s.runPass(t, "store", passwordFor(privateRegistry))
			s.must(t, "docker-credential-ecr-login configure docker --all", "")
			roundTrip(t, sc, s, reference(t, firstHost))
			private := reference(t, privateRegistry)
			s.must(t, c.build, private)
			s.must(t, c.push, private)
			s.must(t, "docker-credential-ecr-login configure undo", "")
			if after, err := os.ReadFile(s.dockerConfig()); err != nil || string(after) != before {
				t.Errorf("undo changed %q to %q (%v)", before, after, err)
			}
			s.must(t, c.remove, private)
			s.must(t, c.pull, private)
		})
	}
	for _, c := range []client{podman(), buildah(), skopeo()} {
		t.Run(c.name, func(t *testing.T) {
			sc := fixture{aws: aws, client: c, image: img, row: new(row)}
			s, ref := sc.session(t, authJSON), reference(t, firstHost)
			if err := os.Remove(s.authJSON()); err != nil {
				t.Fatal(err)
			}
			s.must(t, "docker-credential-ecr-login configure podman --registry "+firstHost, "")
			roundTrip(t, sc, s, ref)
			s.must(t, "docker-credential-ecr-login configure undo", "")
			s.must(t, c.remove, ref)
			if output, err := s.sh(t, c.pull, ref); err == nil {
				t.Errorf("the pull succeeded after undo:\n%s", output)
			}
		})
	}
}
