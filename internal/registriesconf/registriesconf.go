// Package registriesconf reads and writes the credential helpers in registries.conf, the configuration of Podman,
// Buildah and Skopeo.
package registriesconf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml" // the library of Podman

	"ecrlogin/internal/advice"
	"ecrlogin/internal/program"
	"ecrlogin/internal/userfile"
)

// AuthFiles is the entry in the list of helpers for auth.json and similar files.
const AuthFiles = "containers-auth.json"

// Helpers returns the list of helpers in effect and the path of the file that sets it. Later files override earlier
// ones. If no file sets a list, it returns the default list and no path.
func Helpers(files []string) (list []string, path string, err error) {
	for _, path := range slices.Backward(files) {
		f, err := userfile.Read(path)
		if err != nil {
			return nil, "", err
		}
		list, ok, err := parse(path, f.Content)
		if err != nil || ok {
			return list, path, err
		}
	}
	return []string{AuthFiles}, "", nil
}

// parse returns the list of helpers in a file. It reports false if there is none.
func parse(path string, content []byte) (list []string, ok bool, err error) {
	var conf struct {
		Helpers []string `toml:"credential-helpers"`
	}
	meta, err := toml.Decode(string(content), &conf)
	if err != nil {
		what := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "toml: "), "; ", ", ")
		return nil, false, advice.Errorf("%s: invalid TOML: %s", path, what).Then("correct this line")
	}
	return conf.Helpers, meta.IsDefined("credential-helpers"), nil
}

// DropIn returns the content of a drop-in file that sets the list of helpers.
func DropIn(list []string) []byte {
	quoted := make([]string, len(list))
	for i, name := range list {
		quoted[i] = strconv.Quote(name)
	}
	return fmt.Appendf(nil, `# Written by %s configure podman --all.
# Podman, Buildah and Skopeo ask these helpers in order for every registry; %q stands for auth.json and similar files.
credential-helpers = [%s]
`, program.Command, AuthFiles, strings.Join(quoted, ", "))
}
