package setup

import (
	"path/filepath"
	"regexp"
	"strings"

	"ecrlogin/internal/program"
)

// args returns the arguments of the provider. It keeps --config and --role-arn, sets --config to the configuration in
// effect, and removes arguments of another program with the same name, such as "get-credentials".
func (r *Request) args(was []string, own *ownFile) []string {
	path := ""
	if own.read != "" && own.read != program.SystemConfig {
		path, _ = filepath.Abs(own.read)
		r.say("the provider uses the configuration %s", path)
	}
	var args []string
	named, dropped := false, false
	for i := 0; i < len(was); i++ {
		flag, value, inOne := strings.Cut(was[i], "=")
		if flag != "--config" && flag != "--role-arn" {
			dropped = true
			continue
		}
		if !inOne && i+1 < len(was) {
			i++
			value = was[i]
		}
		if flag == "--config" && path != "" {
			value, named = path, true
		}
		if inOne {
			args = append(args, flag+"="+value)
		} else {
			args = append(args, flag, value)
		}
	}
	if dropped {
		r.say("removed args of another program with the same provider name")
	}
	if path != "" && !named {
		args = append(args, "--config="+path)
	}
	return args
}

// masked returns the text of a CredentialProviderConfig without the values of variables. Lines that are indented more
// than the key of a value belong to that value.
func masked(content []byte) []byte {
	if content == nil {
		return nil
	}
	const hidden = " (hidden)"
	// A key of a variable's value, and a flag of another program that may contain a secret.
	valueKey := regexp.MustCompile(`(^|[\s{,"'-])value["']?\s*:`)
	secretFlag := regexp.MustCompile(`(?i)(--?[a-z-]*(secret|passw|token|key)[a-z-]*=)\S+`)
	lines := strings.SplitAfter(string(content), "\n")
	key := -1 // column of the key whose value continues; -1 for none
	for i, line := range lines {
		text := strings.TrimRight(line, "\r\n")
		end := line[len(text):]
		indent := len(text) - len(strings.TrimLeft(text, " \t"))
		if line == "" {
			continue // after the last line end
		}
		if key >= 0 && (indent > key || strings.TrimSpace(text) == "") {
			lines[i] = strings.Repeat(" ", indent) + strings.TrimSpace(hidden) + end
			continue
		}
		key = -1
		if at := valueKey.FindStringIndex(text); at != nil {
			key = at[0] + strings.Index(text[at[0]:], "value")
			lines[i] = text[:at[1]] + hidden + end
			continue
		}
		lines[i] = secretFlag.ReplaceAllString(text, "${1}(hidden)") + end
	}
	return []byte(strings.Join(lines, ""))
}
