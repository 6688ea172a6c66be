// Package typo finds names that are similar to a mistyped one.
package typo

import (
	"slices"
	"strings"
)

// near is the maximum distance of similar names.
const near = 2

// Near returns the names that are similar to typed, ignoring case, with the most similar name first.
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

// Distance returns the Levenshtein distance of a and b: the number of bytes to insert, delete or replace to turn a
// into b.
func Distance(a, b string) int {
	row := make([]int, len(b)+1) // row[j] is the distance of the processed part of a to b[:j]
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
