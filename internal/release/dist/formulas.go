package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

const description = "Docker credential helper for Amazon ECR"

// homepage returns the URL of the repository.
func (r release) homepage() string { return strings.TrimSuffix(r.url, "/releases/download") }

// A download is an archive with its URL and its SHA-256 checksum.
type download struct {
	URL string `json:"url"`
	Sum string `json:"hash"`
	Dir string `json:"extract_dir"` // directory in the archive
}

// download returns the archive of the helper for a platform, or nil if it was not built.
func (r release) download(p platform) (*download, error) {
	name := r.archiveFile(p, helper)
	sum, err := checksum(filepath.Join(r.dir, name), sha256.New())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return &download{URL: r.url + "/" + r.version + "/" + name, Sum: sum, Dir: r.archiveName(p, helper)}, err
}

// formula is the Homebrew formula. docker-credential-helper-ecr is Homebrew's formula of amazon-ecr-credential-helper.
var formula = template.Must(template.New("formula").Parse(`class EcrLogin < Formula
  desc "{{.Description}}"
  homepage "{{.Homepage}}"
  version "{{.Version}}"
  license "Apache-2.0"
{{range .Systems}}
  on_{{.Name}} do
{{- range .Archives}}
    on_{{.Name}} do
      url "{{.URL}}"
      sha256 "{{.Sum}}"
    end
{{- end}}
  end
{{end}}
  conflicts_with "docker-credential-helper-ecr", because: "both install docker-credential-ecr-login"

  def install
    bin.install "docker-credential-ecr-login"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/docker-credential-ecr-login.bash" => "docker-credential-ecr-login"
    zsh_completion.install "completions/_docker-credential-ecr-login"
    fish_completion.install "completions/docker-credential-ecr-login.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/docker-credential-ecr-login version")
  end
end
`))

// writeFormula writes the Homebrew formula ecr-login.rb with the archives for macOS and Linux. Without an archive for
// macOS, there is none.
func (r release) writeFormula() error {
	type archive struct {
		Name string // on_NAME in the formula
		download
	}
	type system struct {
		Name     string
		Archives []archive
	}
	var systems []system
	for _, s := range []struct{ brew, os string }{{"macos", "darwin"}, {"linux", "linux"}} {
		sys := system{Name: s.brew}
		for _, a := range []struct{ brew, arch string }{{"arm", "arm64"}, {"intel", "amd64"}} {
			d, err := r.download(platform{s.os, a.arch})
			if err != nil {
				return err
			}
			if d != nil {
				sys.Archives = append(sys.Archives, archive{a.brew, *d})
			}
		}
		if len(sys.Archives) > 0 {
			systems = append(systems, sys)
		}
	}
	if len(systems) == 0 || systems[0].Name != "macos" {
		return nil
	}
	var text bytes.Buffer
	if err := formula.Execute(&text, map[string]any{
		"Description": description, "Homepage": r.homepage(), "Version": r.version, "Systems": systems,
	}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, "ecr-login.rb"), text.Bytes(), 0o644)
}

// A manifest is a Scoop manifest. https://github.com/ScoopInstaller/Scoop/wiki/App-Manifests lists the fields.
type manifest struct {
	Version      string               `json:"version"`
	Description  string               `json:"description"`
	Homepage     string               `json:"homepage"`
	License      string               `json:"license"`
	Architecture map[string]*download `json:"architecture"` // 64bit, arm64
	Bin          string               `json:"bin"`
}

// writeManifest writes the Scoop manifest ecr-login.json. Without an archive for Windows, there is none.
func (r release) writeManifest() error {
	m := manifest{
		Version: r.version, Description: description, Homepage: r.homepage(), License: "Apache-2.0",
		Architecture: map[string]*download{}, Bin: helper + ".exe",
	}
	for scoop, arch := range map[string]string{"64bit": "amd64", "arm64": "arm64"} {
		d, err := r.download(platform{"windows", arch})
		if err != nil {
			return err
		}
		if d != nil {
			m.Architecture[scoop] = d
		}
	}
	if len(m.Architecture) == 0 {
		return nil
	}
	text, err := json.MarshalIndent(m, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, "ecr-login.json"), append(text, '\n'), 0o644)
}
