package refreshconfig

import (
	"sort"
	"unicode/utf8"
)

// lines are the offsets of the lines of a text.
type lines struct {
	text   []byte
	starts []int
}

func newLines(text []byte) lines {
	l := lines{text: text, starts: []int{0}}
	for i, c := range text {
		if c == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// position returns the line and the column of an offset, from 1. The column counts characters.
func (l lines) position(offset int) (line, column int) {
	offset = max(0, min(offset, len(l.text)))
	line = sort.SearchInts(l.starts, offset+1)
	return line, utf8.RuneCount(l.text[l.starts[line-1]:offset]) + 1
}
