package store

import (
	"errors"
	"strconv"
	"strings"
)

// A file consists of a line with its type and version, and a line for each value. This format is faster to decode than
// JSON, which took most of the time of a hit.

// errForm reports an invalid or incomplete file.
var errForm = errors.New("invalid or incomplete file")

// encodeLines encodes a file. A value that contains a line break is an error.
func encodeLines(kind string, values ...string) ([]byte, error) {
	b := []byte("ecr-login " + kind + " " + strconv.Itoa(version) + "\n")
	for _, v := range values {
		if strings.Contains(v, "\n") {
			return nil, errors.New("value contains a line break")
		}
		b = append(append(b, v...), '\n')
	}
	return b, nil
}

// decodeLines decodes a file with n values. The error is ErrLater for a later version with any content, or errForm.
func decodeLines(b []byte, kind string, n int) (values []string, err error) {
	first, rest, _ := strings.Cut(string(b), "\n")
	number, ok := strings.CutPrefix(first, "ecr-login "+kind+" ")
	if !ok {
		return nil, errForm
	}
	switch v, err := strconv.Atoi(number); {
	case err != nil || v < version:
		return nil, errForm
	case v > version:
		return nil, ErrLater
	}
	values = strings.Split(rest, "\n")
	if len(values) != n+1 || values[n] != "" { // the last line also ends with a line break
		return nil, errForm
	}
	return values[:n], nil
}
