package k3sconf

import (
	"regexp"
	"strings"
)

const hidden = "(hidden)"

// Masked returns the content of a registries.yaml for messages. It hides all values but those of mirrors, because
// configs contains passwords.
func Masked(content []byte) []byte {
	inside := false
	return mask(content, func(line string) bool {
		if line != strings.TrimLeft(line, " \t") {
			return inside && !strings.Contains(line, "@")
		}
		inside = strings.HasPrefix(line, "mirrors:") || inside && strings.HasPrefix(line, "#")
		return inside && strings.TrimSpace(line) == "mirrors:"
	})
}

// MaskedConfig returns the content of a config.yaml for messages. It hides all values but that of NoDefault.
func MaskedConfig(content []byte) []byte {
	return mask(content, func(line string) bool { return strings.HasPrefix(line, NoDefault+":") })
}

// mask hides the values in all lines that show does not return true for. It is called for each line in order.
func mask(content []byte, show func(line string) bool) []byte {
	if content == nil {
		return nil
	}
	topKey := regexp.MustCompile(`^([A-Za-z0-9_.+-]+:)([ \t]+\S.*)?$`) // not indented, so that it is not part of a value
	lines := strings.SplitAfter(string(content), "\n")
	for i, line := range lines {
		text := strings.TrimRight(line, "\r\n")
		end := line[len(text):]
		switch {
		case show(text), strings.TrimSpace(text) == "":
		case topKey.MatchString(text):
			if key := topKey.FindStringSubmatch(text); key[2] != "" {
				lines[i] = key[1] + " " + hidden + end
			}
		default:
			lines[i] = text[:len(text)-len(strings.TrimLeft(text, " \t"))] + hidden + end
		}
	}
	return []byte(strings.Join(lines, ""))
}
