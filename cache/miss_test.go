package cache_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// Many processes that miss at the same time send one request and return the same token.
func TestOneRequestForAll(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.cloud.Inject(awstest.Fault{Delay: 200 * time.Millisecond}) // most processes start in this time
	runs := m.together(slices.Repeat([]string{host}, 64)...)
	m.called(1)
	password := runs[0].password()
	m.opens(host, password)
	for _, r := range runs {
		if r.quiet().password() != password {
			t.Error("the passwords differ")
		}
	}
}

// Processes that write entries of different registries at the same time do not overwrite each other's.
func TestManyHosts(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	var hosts []string
	for i := range 16 {
		region := []string{"us-west-2", "eu-central-1", "ap-south-1", "sa-east-1"}[i%4]
		hosts = append(hosts, fmt.Sprintf("%012d.dkr.ecr.%s.amazonaws.com", 100000000000+i, region))
	}
	var first []string
	for i, r := range m.together(hosts...) {
		first = append(first, r.quiet().password())
		m.opens(hosts[i], first[i])
	}
	m.called(4) // one for each region
	for i, r := range m.together(hosts...) {
		if r.quiet().password() != first[i] {
			t.Errorf("the entry of %s was lost", hosts[i])
		}
	}
	m.called(0)
	if n := len(m.kept(".token")); n != 16+4 {
		t.Errorf("%d entries, want 16", n)
	}
}
