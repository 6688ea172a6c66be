// Package wildcard compares texts with patterns in which "*" stands for any text, including none. Every other
// character stands for itself.
package wildcard

import "strings"

// Match reports whether the pattern matches the whole text. After a mismatch it continues at the last "*", so its
// time is at most proportional to the product of the lengths.
func Match(pattern, text string) bool {
	p, t := 0, 0
	star, from := -1, 0 // the index of the last "*", and the index in text where the match after it was last tried
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
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

// Overlap reports whether there is a text that both patterns match. If both contain a "*", one of the texts before
// the first "*" must be a prefix of the other, and one of the texts after the last "*" a suffix of the other. A "*"
// of one pattern matches whatever the other contains in between.
func Overlap(a, b string) bool {
	switch {
	case !strings.Contains(a, "*"):
		return Match(b, a)
	case !strings.Contains(b, "*"):
		return Match(a, b)
	}
	aHead, bHead := a[:strings.IndexByte(a, '*')], b[:strings.IndexByte(b, '*')]
	aTail, bTail := a[strings.LastIndexByte(a, '*')+1:], b[strings.LastIndexByte(b, '*')+1:]
	return (strings.HasPrefix(aHead, bHead) || strings.HasPrefix(bHead, aHead)) &&
		(strings.HasSuffix(aTail, bTail) || strings.HasSuffix(bTail, aTail))
}
