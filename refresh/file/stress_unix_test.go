//go:build unix

package file_test

import (
	"context"
	"strconv"
)

var background = context.Background()

var itoa = strconv.Itoa

func loop(job) error { return nil }
func read(job) error { return nil }
