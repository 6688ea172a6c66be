package setup

import (
	"regexp"
	"slices"
	"strings"

	"ecrlogin/config"
	"ecrlogin/credentials"
)

// setProfiles adds a rule with the profile for each target's registry, unless the matching rule already has that
// profile.
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

// setProfile changes the rule for exactly that host, or adds one before all others.
func (o *ownFile) setProfile(host, profile string) error {
	rule, ok := o.config.Rule(host)
	if ok && rule.Identity.Profile == profile {
		return nil
	}
	if err := o.writable(); err != nil {
		return err
	}
	want := *o.config
	lines := strings.SplitAfter(string(o.content), "\n")
	if ok && rule.Match == host {
		i := slices.IndexFunc(want.Registries, func(r config.Rule) bool { return r.Match == host })
		want.Registries = slices.Clone(want.Registries)
		want.Registries[i].Identity.Profile = profile
		lines = withProfile(lines, rule.Line-1, profile)
	} else {
		first := config.Rule{Match: host, Identity: credentials.Identity{Profile: profile}}
		want.Registries = append([]config.Rule{first}, want.Registries...)
		lines = withRule(lines, host, profile)
	}
	if !o.edited([]byte(strings.Join(lines, "")), &want) {
		return o.byHand("registries: [{match: " + scalar(host) + ", profile: " + scalar(profile) + "}]")
	}
	return nil
}

var (
	listKey  = regexp.MustCompile(`^registries[ \t]*:[ \t]*([^\s#]*)`)
	dash     = regexp.MustCompile(`^[ \t]*-[ \t]+`)
	profiles = regexp.MustCompile(`^([ \t]*(?:-[ \t]+)?profile[ \t]*:[ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s#]+)`)
)

// withRule adds a rule after the line "registries:", or both at the end. A comment above the first rule stays with
// that rule.
func withRule(lines []string, host, profile string) []string {
	newline := newlineOf([]byte(strings.Join(lines, "")))
	at := slices.IndexFunc(lines, listKey.MatchString)
	if at < 0 {
		lines = strings.SplitAfter(string(appendLines([]byte(strings.Join(lines, "")), "registries:")), "\n")
		at = len(lines) - 2 // the last element is empty, after the last line end
	}
	indent := "  "
	for _, line := range lines[at+1:] {
		if first := dash.FindString(line); first != "" {
			indent, _, _ = strings.Cut(first, "-")
			break
		}
	}
	switch listKey.FindStringSubmatch(lines[at])[1] {
	case "":
	case "[]", "~", "null":
		lines[at] = "registries:" + newline
	default:
		return lines // for example, a list in one line
	}
	if !strings.HasSuffix(lines[at], "\n") {
		lines[at] += newline
	}
	rule := []string{indent + "- match: " + scalar(host) + newline, indent + "  profile: " + scalar(profile) + newline}
	return slices.Insert(lines, at+1, rule...)
}

// withProfile sets the profile of the rule that begins in line begin.
func withProfile(lines []string, begin int, profile string) []string {
	first := dash.FindString(lines[begin])
	if first == "" {
		return lines
	}
	inside := strings.Repeat(" ", len(first))
	for i, line := range lines[begin:] {
		if i > 0 && strings.TrimSpace(line) != "" && !strings.HasPrefix(line, inside) {
			break
		}
		if m := profiles.FindStringSubmatchIndex(line); m != nil {
			lines[begin+i] = line[:m[4]] + scalar(profile) + line[m[5]:]
			return lines
		}
	}
	newline := newlineOf([]byte(strings.Join(lines, "")))
	if !strings.HasSuffix(lines[begin], "\n") {
		lines[begin] += newline
	}
	return slices.Insert(lines, begin+1, inside+"profile: "+scalar(profile)+newline)
}
