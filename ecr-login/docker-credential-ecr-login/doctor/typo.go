package doctor

import (
	"strings"

	"ecrlogin/registry"
)

// mistyped reports whether a key of credHelpers that is no registry was probably meant for this host: it differs in two characters
// at most, or it is of the same account.
func (e *exam) mistyped(key string) bool {
	key, address := strings.ToLower(key), strings.ToLower(e.address)
	if _, err := registry.Parse(key); err == nil || len(key) > 2*len(address) {
		return false
	}
	account := e.registry.Account + "."
	return distance(key, address) <= 2 ||
		!e.isAlias() && !e.registry.Public && strings.HasPrefix(key, account) && strings.Contains(key, "ecr")
}

// distance returns how many bytes have to be inserted, deleted or replaced to make b of a.
func distance(a, b string) int {
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
