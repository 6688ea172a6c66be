package e2e

import (
	"os"
	"testing"
)

// TestConfigure has the helper name itself in the client's files, before which there is a store
// with a password of another registry, and take that back.
func TestConfigure(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	startPrivateRegistry(t)
	img := newImage(t)
	for _, c := range dockers(t) {
		t.Run(c.name, func(t *testing.T) {
			sc := scene{aws: aws, client: c, image: img, row: new(row)}
			s := sc.session(t, credsStore).withPass(t)
			const before = "{\n\t\"credsStore\": \"pass\" }\n"
			writeFile(t, s.dockerConfig(), before)
			s.passes(t, "store", passwordFor(privateRegistry))
			s.must(t, "docker-credential-ecr-login configure docker --all", "")
			roundTrip(t, sc, s, reference(t, firstHost))
			private := reference(t, privateRegistry)
			s.must(t, c.build, private)
			s.must(t, c.push, private)
			s.must(t, "docker-credential-ecr-login configure undo", "")
			if after, err := os.ReadFile(s.dockerConfig()); err != nil || string(after) != before {
				t.Errorf("it was %q, and is %q (%v)", before, after, err)
			}
			s.must(t, c.remove, private)
			s.must(t, c.pull, private)
		})
	}
	for _, c := range []client{podman(), buildah(), skopeo()} {
		t.Run(c.name, func(t *testing.T) {
			sc := scene{aws: aws, client: c, image: img, row: new(row)}
			s, ref := sc.session(t, authJSON), reference(t, firstHost)
			if err := os.Remove(s.authJSON()); err != nil {
				t.Fatal(err)
			}
			s.must(t, "docker-credential-ecr-login configure podman --registry "+firstHost, "")
			roundTrip(t, sc, s, ref)
			s.must(t, "docker-credential-ecr-login configure undo", "")
			s.must(t, c.remove, ref)
			if output, err := s.sh(t, c.pull, ref); err == nil {
				t.Errorf("pulled after it was taken back:\n%s", output)
			}
		})
	}
}
