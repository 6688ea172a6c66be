package setup

import (
	"path/filepath"
	"strings"

	"ecrlogin/internal/program"
)

// args returns the arguments of the provider. It keeps --config and --role-arn, sets --config to the configuration in
// effect, and removes arguments of another program with the same name, such as "get-credentials".
func (r *Request) args(was []string, own *ownFile) []string {
	path := ""
	if own.read != "" && own.read != program.SystemConfig {
		path, _ = filepath.Abs(own.read)
		r.printf("the provider uses the configuration %s", path)
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
		r.printf("removed args of another program with the same provider name")
	}
	if path != "" && !named {
		args = append(args, "--config="+path)
	}
	return args
}
