package store

import (
	"errors"
	"strconv"
	"strings"
)

// The files are text: a first line that says what it is and in which version, then a value in each line. That is as
// easy to look at as JSON and quicker to read: encoding and decoding JSON was most of what a hit does by itself.

// errForm is what is wrong with a file that is no whole file of its kind.
var errForm = errors.New("not a whole file of this program's")

// encodeLines writes a file of a kind. A value with a line break is an error.
func encodeLines(kind string, values ...string) ([]byte, error) {
	b := []byte("ecr-login " + kind + " " + strconv.Itoa(version) + "\n")
	for _, v := range values {
		if strings.Contains(v, "\n") {
			return nil, errors.New("a value with a line break cannot be kept")
		}
		b = append(append(b, v...), '\n')
	}
	return b, nil
}

// decodeLines reads a file of a kind with n values. The error is ErrLater for a later version, however that goes on, and
// errForm for anything else that is not just this.
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
	if len(values) != n+1 || values[n] != "" { // the last line ends too
		return nil, errForm
	}
	return values[:n], nil
}
