// Package typo finds the names that somebody may have meant who typed another.
package typo

import (
	"slices"
	"strings"
)

// near is the distance up to which names resemble each other.
const near = 2

// Near returns the names that resemble the one that was typed, without regard to letter case, the most similar first.
func Near(typed string, names []string) []string {
	distance := func(name string) int { return Distance(strings.ToLower(typed), strings.ToLower(name)) }
	var all []string
	for _, name := range names {
		if d := distance(name); d <= near && d < len(typed) {
			all = append(all, name)
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return distance(a) - distance(b) })
	return all
}

// Distance returns how many bytes have to be inserted, deleted or replaced to make b of a.
func Distance(a, b string) int {
	row := make([]int, len(b)+1) // of what has been seen of a: the distance to b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0] // the distance of a[:i] to b[:j]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
