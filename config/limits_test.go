package config_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"ecrlogin/config"
)

// manyRules returns n rules, one for each account.
func manyRules(n int, region string) string {
	var b strings.Builder
	b.WriteString("registries:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - match: %012d.dkr.ecr.%s.amazonaws.com\n    profile: p%d\n", i, region, i)
	}
	return b.String()
}

// growsLess checks that the time for a large input is less than limit times the time for a small one. It measures
// again if it is not, because the machine may be busy; an algorithm that is too slow fails every time.
func growsLess(t *testing.T, name string, limit time.Duration, measure func() (small, large time.Duration)) {
	t.Helper()
	var small, large time.Duration
	for range 6 {
		if small, large = measure(); large <= limit*small {
			t.Logf("%s: %s, and %s for the large input", name, small, large)
			return
		}
	}
	t.Errorf("%s: the large input takes %s, the small one %s", name, large, small)
}

// TestManyRules checks that parsing takes time proportional to the number of rules: ten times as many rules take less
// than twenty times as long. Each figure is the minimum of several runs, since the machine may be busy.
func TestManyRules(t *testing.T) {
	for _, region := range []string{"us-west-2", "*"} {
		read := func(n int) time.Duration {
			content := []byte(manyRules(n, region))
			shortest := time.Hour
			for range 5 {
				began := time.Now()
				c, err := config.Parse("config.yaml", content)
				if err != nil || len(c.Registries) != n {
					t.Fatal(err)
				}
				shortest = min(shortest, time.Since(began))
			}
			return shortest
		}
		growsLess(t, region, 20, func() (few, many time.Duration) { return read(500), read(5000) })
	}
}

// TestHostile checks that parsing takes time proportional to the size of any file: 16 times the size takes less than
// 64 times as long. Quadratic time would take 256 times as long.
func TestHostile(t *testing.T) {
	for name, unit := range map[string]string{
		"dashes":        "-\n",
		"keys":          "key%d: x\n",
		"question":      "?\n",
		"colons":        ":\n",
		"documents":     "---\n",
		"comments":      "- a # b\n  # c\n",
		"tabs":          "a:\t\n",
		"quotes":        "- \"\\x41\\\n\"\n",
		"literals":      "- |\n a\n",
		"rows of lists": strings.Repeat("- ", 15) + "\n",
		"anchors":       "- &a b\n- *a\n",
		"rules":         "- match: \"*%d.*.*.*.*.*\"\n",
	} {
		read := func(size int) time.Duration {
			var b strings.Builder
			if name == "rules" {
				b.WriteString("registries:\n")
			}
			for i := 0; b.Len() < size; i++ {
				b.WriteString(strings.ReplaceAll(unit, "%d", strconv.Itoa(i)))
			}
			shortest := time.Hour
			for range 5 {
				began := time.Now()
				_, _ = config.Parse("config.yaml", []byte(b.String())) // other tests check the result
				shortest = min(shortest, time.Since(began))
			}
			return shortest
		}
		growsLess(t, name, 64, func() (small, large time.Duration) { return read(4 << 10), read(64 << 10) })
	}
}
