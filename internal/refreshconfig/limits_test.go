package refreshconfig

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestHostile checks that parsing takes time proportional to the size of any file: 16 times the size takes less than
// 64 times as long. Quadratic time would take 256 times as long. It measures again if it does, because the machine may
// be busy.
func TestHostile(t *testing.T) {
	for _, tt := range []struct{ name, path, start, unit, end string }{
		{"YAML lists", "config.yaml", "registries:\n", "- - - - -\n", ""},
		{"YAML keys", "config.yaml", "", "key%d: x\n", ""},
		{"YAML files", "config.yaml", "interval: 1h\nregistries:\n", "- {registry: public.ecr.aws, passwordFile: /%d}\n", ""},
		{"YAML docker", "config.yaml", "interval: 1h\nregistries:\n", "- {registry: %012d.dkr.ecr.us-west-2.amazonaws.com, dockerConfig: /a}\n", ""},
		{"YAML names", "config.yaml", "interval: 1h\nkubernetes: {secrets: [{name: a, registries: [public.ecr.aws], namespaces: [\n", "a%d,\n", "]}]}\n"},
		{"JSON in one line", "config.json", `{"interval": "1h", "registries": [`, `{"registry": "public.ecr.aws", "passwordFile": "/%d"}, `, "null]}"},
		{"JSON numbers", "config.json", "[", "1,", "1]"},
		{"JSON brackets", "config.json", "", "[", ""},
		{"TOML in one line", "config.toml", "interval = '1h'\nregistries = [", "{registry = 'public.ecr.aws', passwordFile = '/%d'},", "]"},
		{"TOML tables", "config.toml", "interval = '1h'\n", "[[registries]]\nregistry = 'public.ecr.aws'\npasswordFile = '/%d'\n", ""},
		{"TOML dotted keys", "config.toml", "", "a.b.k%d = 1\n", ""},
		{"TOML headers", "config.toml", "", "[a.b.k%d]\n", ""},
		{"TOML brackets", "config.toml", "a = ", "[", ""},
	} {
		read := func(size int) time.Duration {
			var b strings.Builder
			b.WriteString(tt.start)
			for i := 0; b.Len() < size; i++ {
				unit := strings.ReplaceAll(tt.unit, "%012d", fmt.Sprintf("%012d", i))
				b.WriteString(strings.ReplaceAll(unit, "%d", strconv.Itoa(i)))
			}
			b.WriteString(tt.end)
			shortest := time.Hour
			for range 2 {
				began := time.Now()
				_, _ = Parse(tt.path, []byte(b.String())) // other tests check the result
				shortest = min(shortest, time.Since(began))
			}
			return shortest
		}
		var small, large time.Duration
		for range 10 {
			if small, large = read(16<<10), read(256<<10); large <= 64*small || large < 10*time.Millisecond {
				break
			}
		}
		t.Logf("%s: %s, and %s for the large file", tt.name, small, large)
		if large > 64*small && large >= 10*time.Millisecond {
			t.Errorf("%s: the large file takes too long", tt.name)
		}
	}
}

// TestManyRules checks the time limit of rules with the same name, and that a large cluster stays below it.
func TestManyRules(t *testing.T) {
	all := make([]string, 1000)
	for i := range all {
		var names []string
		for j := range 10 {
			names = append(names, fmt.Sprintf("team-%d-%d", i, j))
		}
		all[i] = "name: s, namespaces: [" + strings.Join(names, ",") + "]"
	}
	began := time.Now()
	if _, err := Parse("config.yaml", []byte(rules(all...))); err != nil {
		t.Error(err)
	}
	t.Logf("1,000 rules with 10 namespaces each: %s", time.Since(began))
	began = time.Now()
	wantMistake(t, "/config.yaml", manyRules(3000), "", "too many namespaces in rules with the name s; combine the rules")
	t.Logf("3,000 rules with a pattern each: %s", time.Since(began))
}
