// Package wildcard compares texts with patterns in which "*" stands for any text, including none, and "?" for one
// byte. Every other byte stands for itself.
package wildcard

import "strings"

// Match reports whether the pattern matches the whole text.
func Match(pattern, text string) bool {
	return match(pattern, text, func(p, c byte) bool { return p == c || p == '?' })
}

// match compares a pattern, whose bytes except "*" match those of the text that equal reports. After a mismatch it
// continues at the last "*", so its time is at most proportional to the product of the lengths.
func match(pattern, text string, equal func(p, c byte) bool) bool {
	p, t := 0, 0
	star, from := -1, 0 // the index of the last "*", and the index in text where the match after it was last tried
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && equal(pattern[p], text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Overlap reports whether there is a text that both patterns match. If both contain a "*", only the texts before the
// first "*" and the texts after the last "*" matter. A "*" of one pattern matches whatever the other contains in
// between.
func Overlap(a, b string) bool {
	switch {
	case !strings.Contains(a, "*"):
		return match(b, a, compatible)
	case !strings.Contains(b, "*"):
		return match(a, b, compatible)
	}
	aHead, bHead := strings.IndexByte(a, '*'), strings.IndexByte(b, '*')
	for i := range min(aHead, bHead) {
		if !compatible(a[i], b[i]) {
			return false
		}
	}
	aTail, bTail := a[strings.LastIndexByte(a, '*')+1:], b[strings.LastIndexByte(b, '*')+1:]
	for i := range min(len(aTail), len(bTail)) {
		if !compatible(aTail[len(aTail)-1-i], bTail[len(bTail)-1-i]) {
			return false
		}
	}
	return true
}

// compatible reports whether there is a byte that both match.
func compatible(a, b byte) bool { return a == b || a == '?' || b == '?' }

// Covers reports whether a pattern matches every text that the other matches. Only a "*" can match a "*", so it
// compares the pattern with the other one as a text. It returns false for some patterns that do, if they contain a "?"
// and the other contains a "*".
func Covers(pattern, other string) bool {
	if strings.Contains(pattern, "?") && strings.Contains(other, "*") {
		return pattern == other // otherwise the ? would match the * itself
	}
	return Match(pattern, other)
}
