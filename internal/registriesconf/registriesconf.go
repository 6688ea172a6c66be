// Package registriesconf reads and writes the credential helpers in registries.conf, the configuration of Podman,
// Buildah and Skopeo.
package registriesconf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

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

const helpersKey = "credential-helpers"

// parse returns the list of helpers in a file. It reports false if there is none.
//
// It uses the parser of go-toml without its decoder, because all decoders make the program larger and some of them slow
// down its start: package toml of BurntSushi reads the time zone.
func parse(path string, content []byte) (list []string, ok bool, err error) {
	var p unstable.Parser
	p.Reset(content)
	invalid := func(highlight []byte, problem string) error {
		return advice.Errorf("%s:%d: %s", path, p.Shape(p.Range(highlight)).Start.Line, problem).Then("correct this line")
	}
	for top := true; p.NextExpression(); {
		e := p.Expression()
		if e.Kind != unstable.KeyValue {
			top = false // of the tables
			continue
		}
		key := e.Key()
		key.Next()
		name := key.Node().Data
		switch {
		case !top || !strings.EqualFold(string(name), helpersKey): // as package toml of BurntSushi, Podman's decoder
			continue
		case ok:
			return nil, false, invalid(name, "duplicate key "+helpersKey)
		case !key.IsLast() || e.Value().Kind != unstable.Array:
			return nil, false, invalid(name, helpersKey+" must be a list of names")
		}
		ok = true
		for value := e.Value().Children(); value.Next(); {
			if value.Node().Kind != unstable.String {
				return nil, false, invalid(name, helpersKey+" must be a list of names")
			}
			list = append(list, string(value.Node().Data))
		}
	}
	if e, failed := errors.AsType[*unstable.ParserError](p.Error()); failed {
		return nil, false, invalid(e.Highlight, "invalid TOML: "+e.Message)
	}
	return list, ok, p.Error()
}

// DropIn returns the content of a drop-in file that sets the list of helpers.
func DropIn(list []string) []byte {
	quoted := make([]string, len(list))
	for i, name := range list {
		quoted[i] = quote(name)
	}
	return fmt.Appendf(nil, `# Written by %s configure podman --all.
# Podman, Buildah and Skopeo ask these helpers in order for every registry; %q stands for auth.json and similar files.
%s = [%s]
`, program.Command, AuthFiles, helpersKey, strings.Join(quoted, ", "))
}

// quote returns a basic string of TOML 1.0, which has fewer escape sequences than Go.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"', r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ', r == 0x7f:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
