package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/xeipuuv/gojsonschema"
)

const helper = "docker-credential-ecr-login"

var options = []string{"-version", "0.1.0", "-commit", strings.Repeat("a", 40)}

// TestMain runs the tests in the root directory of the repository, as the Makefile runs the program.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Setenv("SOURCE_DATE_EPOCH", "1767366245")
	os.Exit(m.Run())
}

// buildHelper builds the helper for a platform.
func buildHelper(t *testing.T, goos, goarch string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), helper)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-o", file, "./ecr-login/"+helper)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// output runs the program and returns the file that it wrote.
func output(t *testing.T, args ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "out", "file")
	if err := run(append([]string{args[0], "-o", file}, args[1:]...)); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestBOM(t *testing.T) {
	file := buildHelper(t, "linux", "amd64")
	args := slices.Concat([]string{"bom", "-program", helper}, options)
	content := output(t, append(args, file)...)
	validate(t, content)
	for name, archive := range archives(t, file) {
		if again := output(t, append(args, archive)...); !bytes.Equal(again, content) {
			t.Errorf("the SBOM of the same program in %s differs:\n%s", name, again)
		}
	}

	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(content), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	if got, want := bom.Metadata.Timestamp, "2026-01-02T15:04:05Z"; got != want {
		t.Errorf("the time is %s, want SOURCE_DATE_EPOCH, %s", got, want)
	}
	components := map[string]cdx.Component{}
	for _, c := range *bom.Components {
		components[c.Name] = c
		if c.Licenses == nil || c.PackageURL == "" || c.Name != standard && c.Hashes == nil {
			t.Errorf("the component %s is incomplete: %+v", c.Name, c)
		}
	}
	b, err := readBinary(helper, file)
	if err != nil {
		t.Fatal(err)
	}
	if len(components) != len(b.info.Deps)+1 {
		t.Errorf("the SBOM has %d components, but the executable has %d modules and the standard library", len(components), len(b.info.Deps))
	}
	goSum, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	sts := components["github.com/aws/aws-sdk-go-v2/service/sts"]
	hash, err := hex.DecodeString((*sts.Hashes)[0].Value)
	if err != nil || !strings.Contains(string(goSum), sts.Name+" "+sts.Version+" h1:"+base64.StdEncoding.EncodeToString(hash)+"\n") {
		t.Errorf("the hash of %s is not the one in go.sum: %v", sts.Name, (*sts.Hashes)[0])
	}
	if want := "pkg:golang/github.com/docker/cli@" + components["github.com/docker/cli"].Version; components["github.com/docker/cli"].PackageURL !=
		strings.ReplaceAll(want, "+", "%2B") {
		t.Errorf("the package URL is %s", components["github.com/docker/cli"].PackageURL)
	}
	if components["github.com/inconshreveable/mousetrap"].Name != "" {
		t.Error("the SBOM of an executable for Linux contains a module for Windows")
	}
}

// TestBOMOfPlatforms checks that the SBOM of several executables names the platforms of a module that only some contain.
func TestBOMOfPlatforms(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the helper for Windows")
	}
	args := slices.Concat([]string{"bom", "-program", helper}, options)
	content := output(t, append(args, buildHelper(t, "windows", "amd64"), buildHelper(t, "linux", "amd64"))...)
	validate(t, content)
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(content), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	for _, c := range *bom.Components {
		onlyWindows := c.Properties != nil && (*c.Properties)[0].Value == "windows/amd64"
		if onlyWindows != (c.Name == "github.com/inconshreveable/mousetrap") {
			t.Errorf("%s: only in the executable for Windows: %v", c.Name, onlyWindows)
		}
	}
	if n := len(*bom.Metadata.Component.Components); n != 2 {
		t.Errorf("the SBOM describes %d executables, want 2", n)
	}
}

// validate checks an SBOM with the JSON schema of CycloneDX 1.6, which the library contains.
func validate(t *testing.T, content []byte) {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go")
	cmd.Dir = "tools/sbom"
	dir, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	schemas := gojsonschema.NewSchemaLoader()
	local := func(file string) gojsonschema.JSONLoader {
		return gojsonschema.NewReferenceLoader("file://" + strings.TrimSpace(string(dir)) + "/schema/" + file)
	}
	for url, file := range map[string]string{
		"http://cyclonedx.org/schema/spdx.schema.json":     "spdx.schema.json",
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		if err := schemas.AddSchema(url, local(file)); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := schemas.Compile(local("bom-1.6.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := schema.Validate(gojsonschema.NewBytesLoader(content))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range result.Errors() {
		t.Errorf("the SBOM violates the specification: %s", e)
	}
}

// archives returns a tar and a zip archive with the file, by name.
func archives(t *testing.T, file string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var tarred, zipped bytes.Buffer
	compressed := gzip.NewWriter(&tarred)
	w := tar.NewWriter(compressed)
	z := zip.NewWriter(&zipped)
	for _, member := range []struct {
		name    string
		content []byte
	}{{"dir/completions/bash/" + filepath.Base(file), nil}, {"dir/" + filepath.Base(file), content}} {
		zw, err := z.Create(member.name)
		if err == nil {
			_, err = zw.Write(member.content)
		}
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: member.name, Mode: 0o755, Size: int64(len(member.content))})
		}
		if err == nil {
			_, err = w.Write(member.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []interface{ Close() error }{w, compressed, z} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	result := map[string]string{}
	for name, b := range map[string][]byte{"a.tar.gz": tarred.Bytes(), "a.zip": zipped.Bytes()} {
		result[name] = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(result[name], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return result
}

func TestNotices(t *testing.T) {
	text := string(output(t, "notices"))
	for _, want := range []string{
		"\n    stdlib 1.", "github.com/aws/aws-sdk-go-v2 v1.", "github.com/inconshreveable/mousetrap v", "k8s.io/client-go v",
		"Copyright 2009 The Go Authors", "http://www.apache.org/licenses/", "AWS SDK for Go\n", "internal/sync/singleflight/LICENSE\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the notices do not contain %q", want)
		}
	}
	if strings.Contains(text, os.Getenv("HOME")+"/") {
		t.Error("the notices contain a path of this machine")
	}
}

func TestLicenses(t *testing.T) {
	mit, err := os.ReadFile(mustModule(t, "github.com/pelletier/go-toml/v2") + "/LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, file, content, want string }{
		{"accepted", "LICENSE", string(mit), ""},
		{"DOS line ends", "license.txt", strings.ReplaceAll(string(mit), "\n", "\r\n"), ""},
		{"missing", "README", string(mit), "no license was found"},
		{"only a notice", "NOTICE", "Copyright 2026 Example", "no license was found"},
		{"unknown", "LICENSE", "You may use this software on Tuesdays.", "only 0 % of it is known"},
		{"copyleft", "COPYING", agpl, "the license AGPL-3.0-only in COPYING is not accepted"},
		{"more conditions", "LICENSE", string(mit) + strings.Repeat("The software must not be used for any commercial purpose. ", 20), "is known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &module{path: "example.com/x", dir: t.TempDir()}
			m.packages = []string{m.dir}
			if err := os.WriteFile(filepath.Join(m.dir, test.file), []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			licenses, err := findLicenses(m)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want == "" && !slices.Equal(identifiers(licenses), []string{"MIT"}):
				t.Errorf("the licenses are %v", identifiers(licenses))
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("the error is %v, want %q", err, test.want)
			}
		})
	}
}

// agpl is the notice that programs with the GNU Affero General Public License contain.
const agpl = `This program is free software: you can redistribute it and/or modify
it under the terms of the GNU Affero General Public License as published by
the Free Software Foundation, version 3 of the License.`

func mustModule(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
