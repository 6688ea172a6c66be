package identityconf

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"ecrlogin/credentials"
	"ecrlogin/internal/advice"
	"ecrlogin/internal/localuser"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/registry"
)

// A templated key is a key whose value may contain placeholders.
type templated struct {
	key   string
	names []string // of the placeholders, sorted
}

var (
	roleARN         = templated{"roleArn", []string{"account", "partition", "region"}}
	roleSessionName = templated{"roleSessionName", []string{"account", "host", "region", "user"}}
)

// Expand returns an identity without placeholders, for a registry. In the name of the session, which STS limits to 64
// characters of a set, Expand replaces other characters with hyphens and removes those at the end.
func Expand(id credentials.Identity, r registry.Registry) credentials.Identity {
	id.RoleARN, id.Policy = expand(id.RoleARN, r), expand(id.Policy, r)
	if name := expand(id.RoleSessionName, r); name != id.RoleSessionName {
		id.RoleSessionName = sessionName(name)
	}
	return id
}

// expand returns a text in which the placeholders are replaced.
func expand(text string, r registry.Registry) string {
	if !strings.Contains(text, "${") {
		return text
	}
	text = strings.NewReplacer(
		"${account}", r.Account, "${partition}", r.Partition, "${region}", r.Region, "${host}", r.Host,
	).Replace(text)
	const user = "${user}"
	if strings.Contains(text, user) {
		text = strings.ReplaceAll(text, user, localuser.Name())
	}
	return text
}

// Limits of STS for the name of a session, in characters.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	minSession = 2
	maxSession = 64
)

// sessionName returns a name that STS accepts. It has hyphens for other characters, for example those of a user's name
// on Windows, and at the end of a name that is too short. A long name is cut.
func sessionName(s string) string {
	s = strings.Map(func(c rune) rune {
		if strings.ContainsRune(wordLetters, c) {
			return c
		}
		return '-'
	}, s)
	s += strings.Repeat("-", max(0, minSession-len(s)))
	return s[:min(len(s), maxSession)]
}

// template returns a field that sets into to the node, checks the placeholders, and then reads the value.
func (k *Keys) template(into **yaml.Node, t templated, read strictyaml.Field) strictyaml.Field {
	return func(n *yaml.Node) error {
		*into = n
		text, _ := strictyaml.Text(n)
		for at := 0; ; {
			i := strings.IndexByte(text[at:], '$')
			if i < 0 {
				return read(n)
			}
			at += i
			name, err := t.parse(text[at:])
			if err != nil {
				return k.wrongAt(n, at, err)
			}
			at += len("${}") + len(name)
		}
	}
}

// profile returns a field that reads the name of a profile, which cannot have placeholders.
func (k *Keys) profile() strictyaml.Field {
	read := k.Text(&k.id.Profile, func(string) error { return nil })
	return func(n *yaml.Node) error {
		text, _ := strictyaml.Text(n)
		if at := strings.Index(text, "${"); at >= 0 {
			return k.wrongAt(n, at, advice.Errorf("profile does not support placeholders").
				Then("add a rule for each profile; only %s and %s support placeholders", roleARN.key, roleSessionName.key))
		}
		return read(n)
	}
}

// parse returns the name of the placeholder at the start of a text, which starts with a dollar sign.
func (t templated) parse(text string) (name string, err error) {
	const valid = "valid placeholders of %s: %s"
	all := "${" + strings.Join(t.names, "}, ${") + "}"
	rest, opened := strings.CutPrefix(text, "${")
	name, _, closed := strings.Cut(rest, "}")
	switch {
	case !opened:
		return "", advice.Errorf("the dollar sign does not start a placeholder").Then(valid, t.key, all)
	case !closed:
		return "", advice.Errorf("the placeholder %q is not closed", oneline.Value(text)).Then(`add "}"`)
	case !slices.Contains(t.names, name):
		return "", advice.Errorf("unknown placeholder %q", oneline.Value("${"+name+"}")).Then(valid, t.key, all)
	}
	return name, nil
}

// checkAccount returns an error if a value contains the account of a registry that has none.
func (k *Keys) checkAccount(registries []registry.Registry) error {
	for _, r := range registries {
		for _, n := range []*yaml.Node{k.role, k.session} {
			if !r.Public || n == nil {
				continue
			}
			if at := strings.Index(n.Value, "${account}"); at >= 0 {
				return k.wrongAt(n, at, advice.Errorf("ECR Public (%s) has no account for the placeholder ${account}", r.Host).
					Then("write the account ID of the role"))
			}
		}
	}
	return nil
}

// wrongAt returns an error for the byte with the given index in the value of a node.
func (k *Keys) wrongAt(n *yaml.Node, index int, problem error) error {
	column := n.Column + utf8.RuneCountInString(n.Value[:index])
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return k.Wrong(n, problem) // the value is in the following lines
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		column++
	}
	return k.At(max(n.Line, 1), max(column, 1), problem)
}
