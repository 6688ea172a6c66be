package main

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// initLimit is the memory in bytes that all initializers may allocate together, including those of the standard
// library: 1,165,000 measured on amd64, and a margin of two percent.
const initLimit = 1_190_000

// initAdvice is the next step if the program initializes more than before.
const initAdvice = "compile regular expressions and build tables when they are used (sync.OnceValue), " +
	"or import a smaller package"

// TestInitializers compares the packages that are initialized before main, in a get that calls AWS, with the list in
// testdata/init.txt. Every process that is not served by the fast path initializes all of them, also packages that it
// does not use.
func TestInitializers(t *testing.T) {
	const file = "testdata/init.txt"
	allocated := initialized(t)
	listed := lines(t, file)
	for _, name := range slices.Sorted(maps.Keys(allocated)) {
		if !isStandard(name) && !listed[name] {
			t.Errorf("%s is initialized before main and allocates %d bytes; %s; if neither is possible, add it to %s",
				name, allocated[name], initAdvice, file)
		}
		delete(listed, name)
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		t.Errorf("%s is no longer initialized before main; remove it from %s", name, file)
	}

	total := 0
	for _, n := range allocated {
		total += n
	}
	if total > initLimit {
		largest := slices.SortedFunc(maps.Keys(allocated), func(a, b string) int { return allocated[b] - allocated[a] })
		for _, name := range largest[:15] {
			t.Logf("%7d bytes by %s", allocated[name], name)
		}
		t.Errorf("the initializers allocate %d bytes, limit %d; %s", total, initLimit, initAdvice)
	}
}

// initialized builds the program, runs a get that calls AWS, and returns the bytes that each initializer allocates.
// The test binary itself would also initialize the packages of the tests.
func initialized(t *testing.T) map[string]int {
	t.Helper()
	program := filepath.Join(t.TempDir(), "helper")
	build := exec.Command("go", "build", "-trimpath", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	cloud := awstest.New(t)
	get := exec.Command(program, "get")
	get.Stdin = strings.NewReader(awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com")
	get.Env = []string{
		"HOME=" + t.TempDir(), "GODEBUG=inittrace=1", "HTTPS_PROXY=" + cloud.Proxy, "SSL_CERT_FILE=" + cloud.CAFile,
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey,
	}
	var trace bytes.Buffer
	get.Stderr = &trace
	if err := get.Run(); err != nil || cloud.Count(awstest.GetAuthorizationToken) != 1 {
		t.Fatalf("get: %v, want one call of AWS\n%s", err, &trace)
	}
	allocated := map[string]int{}
	for line := range strings.Lines(trace.String()) {
		var name string
		var at, took float64
		var size, count int
		const format = "init %s @%f ms, %f ms clock, %d bytes, %d allocs"
		if _, err := fmt.Sscanf(line, format, &name, &at, &took, &size, &count); err != nil {
			t.Fatalf("unexpected line %q: %v", line, err)
		}
		if own, ok := strings.CutPrefix(name, "ecrlogin/"); ok {
			name = "./" + own
		}
		allocated[name] = size
	}
	return allocated
}

// isStandard reports whether a package belongs to the standard library. The first elements of all other import paths
// contain a dot, and are "." for packages of this module.
func isStandard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

// lines returns the lines of a file without comments and empty lines.
func lines(t *testing.T, name string) map[string]bool {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := map[string]bool{}
	s := bufio.NewScanner(f)
	for s.Scan() {
		line, _, _ := strings.Cut(s.Text(), "#")
		if line = strings.TrimSpace(line); line != "" {
			found[line] = true
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
