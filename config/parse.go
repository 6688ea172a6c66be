package config

import "ecrlogin/internal/strictyaml"

// An Error is a mistake in the configuration file.
type Error = strictyaml.Error

// Parse parses the content of a configuration file. It is strict: an unknown or duplicate key, a value of the wrong
// type, a pattern that matches no registry, and a rule that never applies because of an earlier one are errors of
// type *Error. The path is only used in errors. Parse takes time proportional to the size of the content. The size is
// limited to configpath.MaxSize; nesting and the length of a line are limited too.
func Parse(path string, content []byte) (*Config, error) {
	p := document{strictyaml.NewDocument(path, content)}
	body, err := p.Root()
	if err != nil {
		return nil, err
	}
	c := &Config{Path: path}
	if body != nil {
		if err := p.config(body, c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// A document is a configuration file that is being parsed.
type document struct{ *strictyaml.Document }
