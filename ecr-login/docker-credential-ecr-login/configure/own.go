package configure

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"regexp"
	"strconv"

	"ecrlogin/config"
	"ecrlogin/config/file"
	"ecrlogin/credentials/docker/configfile/textfile"
	"ecrlogin/registry"
)

// An ownFile is our own config.yaml, which is edited as text, since people comment on it.
type ownFile struct {
	file    *textfile.File // the user's
	read    string         // the path of the one that is in effect; "" if there is none
	content []byte
	changed bool
	config  *config.Config
}

// openOwn reads the configuration that is in effect. What is written is always the first place, the user's own, and
// begins as a copy of what is in effect, because the first one there is the only one that counts.
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

// readOwn takes /dev/null for no file, by which a user says that there is to be none.
func readOwn(path string) (*textfile.File, error) {
	if path == os.DevNull {
		return &textfile.File{Path: path, Target: path}, nil
	}
	return textfile.Read(path)
}

// path returns the file that is in effect, or the one that could be made.
func (o *ownFile) path() string {
	if o.read == "" {
		return o.file.Path
	}
	return o.read
}

// target tells what a host, however it is written, is to the configuration; ok is false if it is none of ours.
func (o *ownFile) target(typed string) (target, bool) {
	r, err := o.config.Resolve(typed)
	if err != nil {
		return target{}, false
	}
	host, port, err := registry.SplitHost(typed)
	if err != nil {
		return target{}, false
	}
	if port != "" {
		host = net.JoinHostPort(host, port)
	}
	return target{host: host, ecr: r.Host}, true
}

// ownChange returns what is to be written of it.
func (r *Request) ownChange(o *ownFile) *change {
	c := &change{file: o.file, after: o.file.Content}
	if o.changed {
		c.after = o.content
		c.diff = textfile.Diff(o.file.Path, c.file.Content, c.after)
	}
	if o.changed && o.read != "" && o.read != o.file.Path {
		r.say("%s: created as a copy of %s, which is no longer read", o.file.Path, o.read)
	}
	return c
}

// byHand is the error when the text cannot be edited so that it says what it should.
func (o *ownFile) byHand(lines string) error {
	return fmt.Errorf("%s: the layout cannot be edited safely; add this manually: %s", o.path(), lines)
}

// writable returns an error where the user says that there is to be no configuration.
func (o *ownFile) writable() error {
	if o.file.Path == os.DevNull {
		return fmt.Errorf("%s: cannot store a rule; set %s to a file", os.DevNull, file.Variable)
	}
	return nil
}

// edited takes a new text, if it says what it should and nothing else has changed.
func (o *ownFile) edited(content []byte, want *config.Config) bool {
	got, err := config.Parse(o.file.Path, content)
	if err != nil || !reflect.DeepEqual(meaning(got), meaning(want)) {
		return false
	}
	o.content, o.config, o.changed = content, got, true
	return true
}

// meaning is a configuration without what an edit moves.
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

// setFallback says which helper answers for hosts that are not ours.
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

// appendLines appends lines to a text, with its line ends.
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

// scalar writes a text as YAML does, in quotes if it could be taken for something else.
func scalar(s string) string {
	if plain.MatchString(s) && !keywords.MatchString(s) {
		return s
	}
	return strconv.Quote(s) // whose escapes are YAML's too
}
