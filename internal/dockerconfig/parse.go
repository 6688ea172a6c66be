package dockerconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/jsonedit"
	"ecrlogin/internal/userfile"
)

// Top-level keys for passwords. Docker accepts them in any letter case, as encoding/json does, and writes them in this
// one.
const (
	auths       = "auths"
	credHelpers = "credHelpers"
	credsStore  = "credsStore"
)

// parse parses strict JSON and checks the types of everything that this package uses.
func parse(file *userfile.File) (*jsonedit.Document, error) {
	content := file.Content
	if len(bytes.TrimSpace(content)) == 0 {
		content = []byte("{}\n")
	}
	p := &parser{file.Path, content}
	if err := json.Unmarshal(content, new(json.RawMessage)); err != nil {
		return nil, p.syntax(err)
	}
	doc, err := jsonedit.Parse(content, "\t") // as Docker indents
	if err != nil {
		return nil, p.wrong(0, "invalid JSON").Then("correct the file") // encoding/json accepted it
	}
	if doc.Root.Value.Kind() != '{' {
		return nil, p.wrong(doc.Root.StartOffset, "must be a JSON object").Then("correct the file")
	}
	return doc, p.check(&doc.Root)
}

type parser struct {
	path    string
	content []byte
}

// wrong returns an error with the path, line and column of an offset in the content.
func (p *parser) wrong(offset int, format string, args ...any) *advice.Error {
	line, column := jsonedit.Position(p.content, offset)
	return advice.Errorf("%s:%d:%d: %s", p.path, line, column, fmt.Sprintf(format, args...))
}

// syntax returns the error of encoding/json with its position. It replaces errors that do not help users.
func (p *parser) syntax(err error) error {
	offset := 0
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = int(e.Offset) - 1 // Offset is the number of bytes read, including the invalid one
	}
	if strings.Contains(err.Error(), "unexpected end") {
		offset = len(p.content)
	}
	if _, err := hujson.Parse(p.content); err == nil {
		return p.wrong(offset, "comment or trailing comma, which Docker and Podman do not support").Then("remove it")
	}
	if bytes.HasPrefix(p.content, []byte("\ufeff")) {
		return p.wrong(0, "byte order mark, which Docker and Podman do not support").
			Then("save the file as UTF-8 without it")
	}
	return p.wrong(offset, "invalid JSON: %v", err).Then("correct this line")
}

// check checks the types of the keys for passwords, as Docker and Podman do, and that none of them is duplicate,
// because it would not be clear which one applies.
func (p *parser) check(root *hujson.Value) error {
	seen := map[string]bool{}
	for _, m := range jsonedit.Members(root) {
		for _, key := range []string{auths, credHelpers, credsStore} {
			if !strings.EqualFold(jsonedit.Text(&m.Name), key) {
				continue
			}
			if seen[key] {
				return p.wrong(m.Name.StartOffset, "duplicate key %q", key).Then("merge both into one")
			}
			seen[key] = true
			if err := p.checkMember(key, &m.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parser) checkMember(key string, v *hujson.Value) error {
	switch key {
	case credsStore:
		return p.checkKind(v, '"', `"credsStore" must be a string, the NAME of docker-credential-NAME`)
	case credHelpers:
		return p.checkMembers(v, `"credHelpers" must be an object, {"HOST": "NAME of docker-credential-NAME"}`, func(_ string, v *hujson.Value) error {
			return p.checkKind(v, '"', `a member of "credHelpers" must be a string, the NAME of docker-credential-NAME`)
		})
	default:
		return p.checkMembers(v, `"auths" must be an object, {"HOST": {"auth": …}}`, func(_ string, v *hujson.Value) error {
			return p.checkMembers(v, `a member of "auths" must be an object, {"auth": …}`, func(name string, v *hujson.Value) error {
				if !secretName(name) && !strings.EqualFold(name, "username") {
					return nil
				}
				return p.checkKind(v, '"', `a value in "auths" must be a string`)
			})
		})
	}
}

// checkMembers checks that v is an object without duplicate members, and checks each member.
func (p *parser) checkMembers(v *hujson.Value, want string, member func(name string, v *hujson.Value) error) error {
	if err := p.checkKind(v, '{', want); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, m := range jsonedit.Members(v) {
		name := jsonedit.Text(&m.Name)
		if seen[name] {
			return p.wrong(m.Name.StartOffset, "duplicate key").Then("remove one")
		}
		seen[name] = true
		if err := member(name, &m.Value); err != nil {
			return err
		}
	}
	return nil
}

// checkKind checks the type of a value. It accepts null, which is equivalent to a missing key.
func (p *parser) checkKind(v *hujson.Value, kind hujson.Kind, want string) error {
	if k := v.Value.Kind(); k != kind && k != 'n' {
		return p.wrong(v.StartOffset, "%s", want).Then("correct this line")
	}
	return nil
}
