package wildcard

import (
	"path"
	"strings"
	"testing"
)

// texts calls yield with every text of up to most letters.
func texts(letters string, most int, yield func(string)) {
	var extend func(string)
	extend = func(s string) {
		yield(s)
		if len(s) < most {
			for _, c := range letters {
				extend(s + string(c))
			}
		}
	}
	extend("")
}

// TestMatchAll compares Match with path.Match, which the kubelet uses, for every short pattern and text.
func TestMatchAll(t *testing.T) {
	n := 0
	texts("ab*?", 5, func(pattern string) {
		texts("ab", 6, func(text string) {
			n++
			if want, err := path.Match(pattern, text); err != nil || Match(pattern, text) != want {
				t.Errorf("Match(%q, %q) = %v", pattern, text, !want)
			}
		})
	})
	if n < 10000 {
		t.Errorf("only %d pairs were compared", n)
	}
}

// TestOverlapAll searches for a text that both patterns match, for every pair of short patterns. Texts as long as
// both patterns together are sufficient, since each "*" can match nothing or the letters of the other pattern.
func TestOverlapAll(t *testing.T) {
	for letters, most := range map[string]int{"ab*": 4, "ab*?": 3} {
		testOverlapAll(t, letters, most)
	}
}

func testOverlapAll(t *testing.T, letters string, most int) {
	var patterns []string
	texts(letters, most, func(p string) { patterns = append(patterns, p) })
	matched := map[string]map[string]bool{} // by pattern: texts
	for _, p := range patterns {
		matched[p] = map[string]bool{}
		texts("ab", 2*most, func(text string) {
			if Match(p, text) {
				matched[p][text] = true
			}
		})
	}
	for _, a := range patterns {
		for _, b := range patterns {
			if want := common(matched[a], matched[b]); Overlap(a, b) != want {
				t.Errorf("Overlap(%q, %q) = %v", a, b, !want)
			}
		}
	}
}

// TestCovers compares Covers with all texts that short patterns match.
func TestCovers(t *testing.T) {
	var patterns []string
	texts("ab*?", 3, func(p string) { patterns = append(patterns, p) })
	matched := map[string]map[string]bool{} // by pattern: texts
	for _, p := range patterns {
		matched[p] = map[string]bool{}
		texts("abc", 5, func(text string) {
			if Match(p, text) {
				matched[p][text] = true
			}
		})
	}
	for _, a := range patterns {
		for _, b := range patterns {
			want := true
			for text := range matched[b] {
				want = want && matched[a][text]
			}
			got := Covers(a, b)
			exact := !strings.Contains(a, "?") || !strings.Contains(b, "*")
			if got && !want || exact && got != want {
				t.Errorf("Covers(%q, %q) = %v", a, b, got)
			}
		}
	}
}

func common(a, b map[string]bool) bool {
	for text := range a {
		if b[text] {
			return true
		}
	}
	return false
}

// FuzzOverlap checks that Overlap is true if and only if witness finds a text that both patterns match.
func FuzzOverlap(f *testing.F) {
	for _, p := range [][2]string{{"us-*", "*-2"}, {"a*", "b*"}, {"ab*ba", "a*a"}, {"a*c", "abc"}, {"*", ""}, {"a*b*c", "ab*bc"}, {"a?*", "*?b"}, {"??", "a*"}} {
		f.Add(p[0], p[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		text, ok := witness(a, b)
		switch {
		case ok != Overlap(a, b), ok != Overlap(b, a):
			t.Errorf("Overlap(%q, %q) = %v, and a text that both match is %q, %v", a, b, !ok, text, ok)
		case ok && !(Match(a, text) && Match(b, text)):
			t.Errorf("%q is not matched by both %q and %q", text, a, b)
		}
	})
}

// witness finds a text that both patterns match. It walks through both patterns in parallel: a "*" either ends, or
// matches the next letter of the other pattern. Each pair of positions is visited once.
func witness(a, b string) (text string, ok bool) {
	seen := map[[2]int]bool{}
	var walk func(i, j int) (string, bool)
	walk = func(i, j int) (string, bool) {
		at := [2]int{i, j}
		if seen[at] {
			return "", false
		}
		seen[at] = true
		if i == len(a) && j == len(b) {
			return "", true
		}
		starA, starB := i < len(a) && a[i] == '*', j < len(b) && b[j] == '*'
		if starA {
			if s, ok := walk(i+1, j); ok {
				return s, true
			}
		}
		if starB {
			if s, ok := walk(i, j+1); ok {
				return s, true
			}
		}
		switch {
		case starA && j < len(b) && !starB:
			s, ok := walk(i, j+1)
			return b[j:j+1] + s, ok
		case starB && i < len(a) && !starA:
			s, ok := walk(i+1, j)
			return a[i:i+1] + s, ok
		case !starA && !starB && i < len(a) && j < len(b) && compatible(a[i], b[j]):
			s, ok := walk(i+1, j+1)
			if a[i] == '?' {
				return b[j:j+1] + s, ok
			}
			return a[i:i+1] + s, ok
		}
		return "", false
	}
	return walk(0, 0)
}
