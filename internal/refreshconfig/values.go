package refreshconfig

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/registry"
)

const digits = "0123456789"

// isNumber reports whether a value is a number, without quotes. Its Value is what the user typed.
func isNumber(n *yaml.Node) bool {
	tag := n.ShortTag()
	return n.Kind == yaml.ScalarNode && (tag == "!!int" || tag == "!!float")
}

// numbers returns a field that reads numbers without quotes as the text that the user typed, and all else with read.
func numbers(read strictyaml.Field) strictyaml.Field {
	return func(n *yaml.Node) error {
		if isNumber(n) {
			text := *n
			text.Tag = "!!str"
			n = &text
		}
		return read(n)
	}
}

// account returns a field that reads an account ID. It may be a number without quotes, unless YAML changes the number:
// with a leading zero it is octal or loses the zero.
func (p *document) account(into *string) strictyaml.Field {
	read := p.Text(into, func(s string) error {
		if len(s) != 12 || strings.Trim(s, digits) != "" {
			return errors.New("must be an AWS account ID, which has 12 digits")
		}
		return nil
	})
	return func(n *yaml.Node) error {
		if isNumber(n) && n.Value[0] == '0' && strings.Trim(n.Value, digits) == "" {
			return p.Wrong(n, advice.Errorf("an account ID with a leading zero must be in quotes, because YAML reads another number").
				Then(`write "%s"`, oneline.Value(n.Value)))
		}
		return numbers(read)(n)
	}
}

func checkRegion(s string) error {
	if _, err := registry.Private("000000000000", s); err != nil {
		return errors.New("must be an AWS region, such as us-west-2")
	}
	return nil
}

// mode returns a field that reads permission bits in octal notation, such as "0640", 0640 or 0o640. Numbers without a
// leading zero are rejected, because 416 can be meant as decimal, which is 0640, or as octal.
func (p *document) mode(into **fs.FileMode) strictyaml.Field {
	read := p.Text(new(string), func(s string) error {
		m, err := parseMode(s)
		*into = &m
		return err
	})
	return numbers(read)
}

func parseMode(s string) (fs.FileMode, error) {
	octal := strings.TrimPrefix(strings.TrimPrefix(s, "0"), "o")
	bits, err := strconv.ParseUint(octal, 8, 16)
	switch {
	case s != "" && s[0] != '0' && strings.Trim(s, digits) == "":
		return 0, ambiguous(s)
	case err != nil || s == octal || octal[0] == '_' || octal[0] == '+':
		return 0, errors.New(`must be permissions in octal notation with a leading zero, such as "0640"`)
	case bits > 0o777:
		return 0, errors.New("must not have the setuid, setgid or sticky bit")
	case bits&0o400 == 0:
		return 0, errors.New("the owner cannot read the file with this mode")
	}
	return fs.FileMode(bits), nil
}

// ambiguous returns the error for a mode without a leading zero. It contains the octal notation of each meaning.
func ambiguous(s string) error {
	var choices []string
	if n, err := strconv.ParseUint(s, 8, 16); err == nil && n <= 0o777 && n&0o400 != 0 {
		choices = append(choices, `"0`+s+`"`)
	}
	if n, err := strconv.ParseUint(s, 10, 16); err == nil && n <= 0o777 && n&0o400 != 0 {
		choices = append(choices, `"0`+strconv.FormatUint(n, 8)+`" if it is decimal`)
	}
	if choices == nil {
		choices = []string{`octal notation, such as "0640"`}
	}
	return advice.Errorf("the mode has no leading zero").Then("write %s", strings.Join(choices, ", or "))
}

// user returns a field that reads the name or the number of a user or a group.
func (p *document) user(into *string) strictyaml.Field {
	read := p.Text(into, func(s string) error {
		number := strings.Trim(s, digits) == ""
		switch id, err := strconv.ParseUint(s, 10, 32); {
		case number && (err != nil || id == 1<<32-1 || s != strconv.FormatUint(id, 10)):
			return errors.New("must be a number from 0 to 4294967294 without a leading zero, or a name")
		case !number && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-$@") != "",
			s[0] == '-':
			return errors.New("must be the name or the number of one user or group")
		}
		return nil
	})
	return numbers(read)
}
