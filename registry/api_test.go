package registry

import (
	"encoding/json"
	"testing"
)

// Two registries have the same API if and only if the SDK sends requests for their tokens to the same host.
func TestAPI(t *testing.T) {
	type api struct{ name, endpoint string }
	byName, byEndpoint := map[string]api{}, map[string]api{}
	for _, line := range lines(t, "testdata/registry-hosts.jsonl") {
		var v struct{ Host, APIEndpoint string }
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		r, err := Parse(v.Host)
		if err != nil {
			t.Fatal(err)
		}
		got := api{r.API(), v.APIEndpoint}
		if other, ok := byName[got.name]; ok && other != got {
			t.Errorf("%s has API %s, whose requests go to %s and %s", v.Host, got.name, got.endpoint, other.endpoint)
		}
		if other, ok := byEndpoint[got.endpoint]; ok && other != got {
			t.Errorf("%s has API %s, but requests to %s are also for %s", v.Host, got.name, got.endpoint, other.name)
		}
		byName[got.name], byEndpoint[got.endpoint] = got, got
	}
}

func TestAPIIgnoresTheAccount(t *testing.T) {
	one, err1 := Parse("111122223333.dkr.ecr.us-west-2.amazonaws.com")
	two, err2 := Parse("444455556666.dkr.ecr.us-west-2.amazonaws.com")
	if err1 != nil || err2 != nil || one.API() != two.API() || one.API() != "ecr.us-west-2" {
		t.Errorf("got %q and %q (%v, %v)", one.API(), two.API(), err1, err2)
	}
}
