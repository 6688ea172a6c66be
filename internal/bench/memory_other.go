//go:build !linux

package main

import "errors"

// measurable reports whether statusWhenPrinting is supported.
const measurable = false

func (p *program) statusWhenPrinting() (map[string]int64, error) { return nil, errors.ErrUnsupported }
