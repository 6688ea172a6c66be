package setup

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"

	"ecrlogin/config"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/internal/userfile"
	"ecrlogin/internal/yamledit"
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
	if !o.changed {
		return &change{file: o.file, after: o.file.Content}
	}
	if o.read != "" && o.read != o.file.Path {
		r.printf("%s: created as a copy of %s, which is no longer read", o.file.Path, o.read)
	}
	return &change{o.file, o.content, userfile.Diff(o.file.Path, o.file.Content, o.content)}
}

// edit makes a change to the text if the result is equivalent to want. If it is not, the error contains lines to add
// manually.
func (o *ownFile) edit(want *config.Config, lines string, change func(*yamledit.Document)) error {
	if o.file.Path == os.DevNull {
		return fmt.Errorf("%s: cannot store a rule; set %s to a file", os.DevNull, configpath.Variable)
	}
	doc, err := yamledit.Parse(o.content)
	if err != nil {
		return err // cannot happen: config has parsed it
	}
	change(doc)
	content := doc.Bytes()
	got, err := config.Parse(o.file.Path, content)
	if err != nil || !reflect.DeepEqual(meaning(got), meaning(want)) {
		return fmt.Errorf("%s: the layout cannot be edited safely; add this manually: %s", o.path(), lines)
	}
	o.content, o.config, o.changed = content, got, true
	return nil
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

// setFallback sets the helper for hosts that are not Amazon ECR.
func (o *ownFile) setFallback(helper string) error {
	if o.config.Fallback == helper {
		return nil
	}
	want := *o.config
	want.Fallback = helper
	return o.edit(&want, "fallback: "+strictyaml.Quote(helper), func(d *yamledit.Document) { d.Set(helper, "fallback") })
}

// setProfile sets the profile of a host, unless the rule in effect already has it.
func (o *ownFile) setProfile(host, profile string) error {
	return o.setRule(host, "profile", profile, func(r *config.Rule) *string { return &r.Identity.Profile })
}

// setAlias makes a host an alias of a registry, unless it is one.
func (o *ownFile) setAlias(host, ecr string) error {
	return o.setRule(host, "registry", ecr, func(r *config.Rule) *string { return &r.Registry })
}

// setRule sets a key of the rule for exactly that host, or adds a rule before all others, unless the rule in effect
// already has that value. The function field returns the field of the key.
func (o *ownFile) setRule(host, key, value string, field func(*config.Rule) *string) error {
	rule, ok := o.config.Rule(host)
	if ok && *field(&rule) == value {
		return nil
	}
	want := *o.config
	change := func(d *yamledit.Document) { d.Prepend(map[string]string{"match": host, key: value}, "registries") }
	if ok && rule.Match == host {
		i := slices.IndexFunc(want.Registries, func(r config.Rule) bool { return r.Match == host })
		want.Registries = slices.Clone(want.Registries)
		*field(&want.Registries[i]) = value
		change = func(d *yamledit.Document) { d.Set(value, "registries", strconv.Itoa(i), key) }
	} else {
		first := config.Rule{Match: host}
		*field(&first) = value
		want.Registries = append([]config.Rule{first}, want.Registries...)
	}
	return o.edit(&want, "registries: [{match: "+strictyaml.Quote(host)+", "+key+": "+strictyaml.Quote(value)+"}]", change)
}

// setProfiles sets the profile of each target's registry.
func (o *ownFile) setProfiles(targets []target, profile string) error {
	if profile == "" {
		return nil
	}
	for _, t := range slices.Backward(targets) { // reversed, because each rule is added at the front
		if err := o.setProfile(t.ecr, profile); err != nil {
			return err
		}
	}
	return nil
}
