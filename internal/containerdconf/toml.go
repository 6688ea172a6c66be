// Package containerdconf reads the registry settings of containerd: config_path in its configuration, and the file
// hosts.toml of a registry. It adds a mirror to a hosts.toml and preserves the rest of the file.
//
// Source: docs/hosts.md and docs/cri/registry.md of https://github.com/containerd/containerd
package containerdconf

import (
	"errors"

	"github.com/pelletier/go-toml/v2/unstable"

	"ecrlogin/internal/advice"
)

// An entry is a key with its value or, if value is nil, the header of a table.
type entry struct {
	keys  []string // from the root of the file
	value *unstable.Node
	line  int // from 1
}

// read calls visit for each table and each key of a file.
func read(path string, content []byte, visit func(entry) error) error {
	var p unstable.Parser
	p.Reset(content)
	invalid := func(line int, problem string) error {
		return advice.Errorf("%s:%d: %s", path, line, problem).Then("correct this line")
	}
	var table []string
	for p.NextExpression() {
		n := p.Expression()
		var keys []string
		line := 0
		for key := n.Key(); key.Next(); {
			data := key.Node().Data
			if keys = append(keys, string(data)); line == 0 {
				line = p.Shape(key.Node().Raw).Start.Line
			}
		}
		e := entry{keys: append(append([]string{}, table...), keys...), line: line}
		if n.Kind == unstable.KeyValue {
			e.value = n.Value()
		} else {
			table, e.keys = keys, keys
		}
		if err := visit(e); err != nil {
			return invalid(line, err.Error())
		}
	}
	if err := p.Error(); err != nil {
		line := 1
		if at, ok := errors.AsType[*unstable.ParserError](err); ok && len(at.Highlight) > 0 {
			line = p.Shape(p.Range(at.Highlight)).Start.Line
		}
		return invalid(line, "invalid TOML")
	}
	return nil
}

// text sets a string from the value of a key.
func (e entry) text(into *string) error {
	if e.value.Kind != unstable.String {
		return errors.New(e.keys[len(e.keys)-1] + " must be a string")
	}
	*into = string(e.value.Data)
	return nil
}

// truth sets a Boolean from the value of a key.
func (e entry) truth(into *bool) error {
	if e.value.Kind != unstable.Bool {
		return errors.New(e.keys[len(e.keys)-1] + " must be true or false")
	}
	*into = string(e.value.Data) == "true"
	return nil
}
