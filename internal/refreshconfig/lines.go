package refreshconfig

import (
	"sort"
	"unicode/utf8"
)

// lines finds the lines of a text. Positions requested in ascending order take time proportional to the size
// of the text, even if it has only one line.
type lines struct {
	text   []byte
	starts []int // offsets of the lines
	// The last position.
	offset, line, column int
}

func newLines(text []byte) *lines {
	l := &lines{text: text, starts: []int{0}, line: 1, column: 1}
	for i, c := range text {
		if c == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// position returns the line and the column of an offset, from 1. The column counts characters.
func (l *lines) position(offset int) (line, column int) {
	offset = max(0, min(offset, len(l.text)))
	line = sort.SearchInts(l.starts, offset+1)
	if line != l.line || offset < l.offset {
		l.offset, l.line, l.column = l.starts[line-1], line, 1
	}
	l.column += utf8.RuneCount(l.text[l.offset:offset])
	l.offset = offset
	return line, l.column
}
