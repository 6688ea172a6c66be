package strictyaml

import (
	"regexp"
	"strconv"
	"strings"
)

// Quote returns a string as a YAML scalar, with quotes if YAML could read it as another type, such as a number or a
// boolean.
func Quote(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return strconv.Quote(s)
	}
	// A word, an option, an absolute path, or the host of a private registry.
	if plain, err := regexp.MatchString(`^((--)?[A-Za-z/]|[0-9]{12}\.[a-z])[A-Za-z0-9_./-]*$`, s); plain && err == nil {
		return s
	}
	return strconv.Quote(s) // its escapes are valid in YAML
}
