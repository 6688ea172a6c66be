package setup

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"

	"ecrlogin/config"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/userfile"
	"ecrlogin/registry"
)

// An ownFile is our own config.yaml. It is edited as text to preserve comments.
type ownFile struct {
	file    *userfile.File // the user's file, which is written
	read    string         // path of the file in effect; "" if there is none
	content []byte
	changed bool
	config  *config.Config
}

// openOwn reads the configuration in effect, which is the first file that exists. The file to write is always the
// first place, the user's own. A new one is created as a copy of the file in effect, which it replaces.
func openOwn(places []string) (*ownFile, error) {
	if len(places) == 0 {
		return nil, errors.New("cannot determine the configuration directory; set HOME")
	}
	o := new(ownFile)
	for _, place := range places {
		f, err := readOwn(place)
		if err != nil {
			return nil, err
		}
		if o.file == nil {
			o.file = f
		}
		if f.Exists() {
			o.read, o.content = place, f.Content
			break
		}
	}
	var err error
	o.config, err = config.Parse(o.path(), o.content)
	return o, err
}

// readOwn reads a configuration file. It treats /dev/null, which disables the configuration, as a missing file.
func readOwn(path string) (*userfile.File, error) {
	if path == os.DevNull {
		return &userfile.File{Path: path, Target: path}, nil
	}
	return userfile.Read(path)
}

// path returns the path of the file in effect or, if there is none, of the file to create.
func (o *ownFile) path() string {
	if o.read == "" {
		return o.file.Path
	}
	return o.read
}

// target resolves a host as typed. It reports false if the host is neither an Amazon ECR registry nor an alias.
func (o *ownFile) target(typed string) (target, bool) {
	r, err := o.config.Resolve(typed)
	if err != nil {
		return target{}, false
	}
	host, err := registry.Address(typed)
	return target{host: host, ecr: r.Host}, err == nil
}

// ownChange returns the change of our configuration.
func (r *Request) ownChange(o *ownFile) *change {
	c := &change{file: o.file, after: o.file.Content}
	if o.changed {
		c.after = o.content
		c.diff = userfile.Diff(o.file.Path, c.file.Content, c.after)
	}
	if o.changed && o.read != "" && o.read != o.file.Path {
		r.say("%s: created as a copy of %s, which is no longer read", o.file.Path, o.read)
	}
	return c
}

// byHand returns the error for a file that cannot be edited safely, with the lines to add.
func (o *ownFile) byHand(lines string) error {
	return fmt.Errorf("%s: the layout cannot be edited safely; add this manually: %s", o.path(), lines)
}

// writable returns an error if the configuration is disabled by /dev/null.
func (o *ownFile) writable() error {
	if o.file.Path == os.DevNull {
		return fmt.Errorf("%s: cannot store a rule; set %s to a file", os.DevNull, configpath.Variable)
	}
	return nil
}

// edited sets the new text if it parses to want. It reports whether it did.
func (o *ownFile) edited(content []byte, want *config.Config) bool {
	got, err := config.Parse(o.file.Path, content)
	if err != nil || !reflect.DeepEqual(meaning(got), meaning(want)) {
		return false
	}
	o.content, o.config, o.changed = content, got, true
	return true
}

// meaning returns a configuration without its path and line numbers, for comparison.
func meaning(c *config.Config) config.Config {
	same := *c
	same.Path = ""
	same.Registries = nil
	for _, r := range c.Registries {
		r.Line = 0
		same.Registries = append(same.Registries, r)
	}
	return same
}

var fallbackLine = regexp.MustCompile(`(?m)^(fallback[ \t]*:[ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s#]+)`)

// setFallback sets the helper for hosts that are not Amazon ECR.
func (o *ownFile) setFallback(helper string) error {
	if o.config.Fallback == helper {
		return nil
	}
	if err := o.writable(); err != nil {
		return err
	}
	want := *o.config
	want.Fallback = helper
	content := fallbackLine.ReplaceAll(o.content, []byte("${1}"+scalar(helper)))
	if o.config.Fallback == "" {
		content = appendLines(o.content, "fallback: "+scalar(helper))
	}
	if !o.edited(content, &want) {
		return o.byHand("fallback: " + scalar(helper))
	}
	return nil
}

// appendLines appends lines to a text, with the line ends of that text.
func appendLines(content []byte, lines ...string) []byte {
	newline := newlineOf(content)
	var b bytes.Buffer
	b.Write(content)
	if len(content) > 0 && !bytes.HasSuffix(content, []byte("\n")) {
		b.WriteString(newline)
	}
	for _, line := range lines {
		b.WriteString(line + newline)
	}
	return b.Bytes()
}

func newlineOf(content []byte) string {
	if bytes.Contains(content, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

var (
	plain    = regexp.MustCompile(`^([A-Za-z]|[0-9]{12}\.[a-z])[A-Za-z0-9_.-]*$`)
	keywords = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off)$`)
)

// scalar returns a string as a YAML scalar, quoted if YAML could read it as another type.
func scalar(s string) string {
	if plain.MatchString(s) && !keywords.MatchString(s) {
		return s
	}
	return strconv.Quote(s) // its escapes are valid in YAML
}
