package cache_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/registry"
)

// Processes for the registries of a region send one request, also if all of them start at the same time.
func TestOneRequestForRegion(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	var hosts []string
	for i := range 200 {
		hosts = append(hosts, fmt.Sprintf("%012d.dkr.ecr.us-west-2.amazonaws.com", 100000000000+i%50))
	}
	runs := m.together(hosts...)
	password := runs[0].quiet().password()
	for _, r := range runs {
		if r.quiet().password() != password {
			t.Errorf("the password of %s differs", r.host)
		}
	}
	for _, host := range hosts[:50] {
		m.opens(host, password)
	}
	m.called(1)
	if n := len(m.list()); n != 50 {
		t.Errorf("list has %d registries, want 50", n)
	}
}

// After an erase, the next get for this host requests a new token. Other hosts of the region keep theirs.
func TestEraseOfSharedToken(t *testing.T) {
	t.Parallel()
	for name, erase := range map[string]func(m *machine) run{
		"erase": func(m *machine) run { return m.run("erase", "https://"+host) },
		"clear": func(m *machine) run { return m.run("cache", "", "clear", host) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			other := m.with(map[string]string{"AWS_REGION": "eu-west-1"}) // another identity
			first, second := m.password(host), other.password(host)
			if m.password(sameRegion) != first || other.password(sameRegion) != second {
				t.Error("the token is not shared")
			}
			m.called(2)
			if r := erase(m).quiet(); r.exit != 0 {
				t.Errorf("exit code %d", r.exit)
			}
			if m.password(sameRegion) != first || other.password(sameRegion) != second {
				t.Error("another host lost its token")
			}
			m.called(0)
			if m.password(host) == first || other.password(host) == second {
				t.Error("the erased token was returned")
			}
			m.called(2)
		})
	}
}

// A token that another host of the region has requested before an erase is not returned for the erased host.
func TestEraseDuringGetOfOtherHost(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	g.open()
	m.password(host)
	m.run("erase", host) // so that the API has a generation already
	g.shut()
	leader := m.start("get", sameRegion)
	g.wait()
	m.run("erase", host).quiet()
	later := m.start("get", host)
	g.wait() // it does not wait for the leader
	g.open()
	first, second := leader.wait().quiet().password(), later.wait().quiet().password()
	if first == second {
		t.Error("the token of a request before the erase was returned")
	}
	if m.password(host) != second || m.password(sameRegion) != first {
		t.Error("a token was not cached for its host")
	}
	if third := m.password("111122223333.dkr.ecr.us-west-2.amazonaws.com"); third != second {
		t.Error("the token after the erase was not cached for the region")
	}
	m.called(3)
	if names := m.kept(".token"); len(names) != 4 {
		t.Errorf("the cache contains %q, want three registries and one API", names)
	}
}

// A slow failure is shared by the registries of a region, and each error names its host.
func TestFailureOfRegion(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.failSlowly()
	line := m.get(host).failed()
	m.cloud.ClearFaults()
	want := strings.Replace(line, host, sameRegion, 1) + found
	for range 2 {
		if again := m.get(sameRegion).failed(); !strings.HasPrefix(again, want) {
			t.Errorf("got %q, want %q", again, want)
		}
	}
	m.called(1)
	m.password(otherHost)
	m.run("erase", sameRegion)
	m.password(sameRegion)
}

// The failure of a request for one host is returned by the processes that wait for it for another host.
func TestFailureOfRegionWhileWaiting(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.fail()
	g := m.gate()
	leader := m.start("get", host)
	g.wait()
	waiter := m.start("get", sameRegion)
	waiter.opens(parse(t, host).API())
	g.open()
	line, other := leader.wait().failed(), waiter.wait().failed()
	if want := strings.Replace(line, host, sameRegion, 1); other != want {
		t.Errorf("got %q, want %q", other, want)
	}
	m.called(1)
}

// If a renewal fails, each get prints one notice, and the entries are not written again.
func TestRenewalOfRegionFails(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.password(host)
	m.password(sameRegion)
	m.age(host, 7*time.Hour)
	before := m.infos()
	m.fail()
	for range 3 {
		if m.get(host).said("token could not be renewed, using the cached one (valid for 5h0m0s): "+host+": access denied").password() != first {
			t.Error("another token was returned")
		}
	}
	for path, info := range m.infos() {
		if !os.SameFile(before[path], info) {
			t.Errorf("%s was written", path)
		}
	}
	m.called(2)

	// A get for a third host gets the token of the region, with the same notice.
	const third = "111122223333.dkr.ecr.us-west-2.amazonaws.com"
	if m.get(third).said("token could not be renewed, using the cached one (valid for 5h0m0s): "+third+": access denied").password() != first {
		t.Error("another token was returned")
	}
	m.called(0)
	m.cloud.ClearFaults()
	m.file(".aws/sso/cache/login.json", "{}") // the failure is forgotten
	second := m.password(host)
	if second == first || m.password(third) != second {
		t.Error("the token was not renewed for all hosts")
	}
	m.called(1)
}

// infos returns information about the entries, by path.
func (m *machine) infos() map[string]os.FileInfo {
	m.t.Helper()
	infos := map[string]os.FileInfo{}
	for _, name := range m.kept(".token") {
		info, err := os.Stat(m.cache + "/" + name)
		if err != nil {
			m.t.Fatal(err)
		}
		infos[name] = info
	}
	return infos
}

// Only a Source with a CacheKey shares tokens, because another one may use another identity for each host.
func TestSourceWithoutCacheKey(t *testing.T) {
	u := newUser(t)
	u.gets(1)
	if token, err := u.cache.Token(t.Context(), parse(t, sameRegion)); err != nil || token.Password != "password 2" {
		t.Errorf("got %q, %v", token.Password, err)
	}
	u.cache.Source = &identifiedSource{source: u.source}
	if _, err := u.cache.Token(t.Context(), parse(t, "111122223333.dkr.ecr.us-west-2.amazonaws.com")); err != nil || u.source.calls != 3 {
		t.Errorf("%d calls, %v, want 3", u.source.calls, err)
	}
	if _, err := u.cache.Token(t.Context(), parse(t, "444455556666.dkr.ecr.us-west-2.amazonaws.com")); err != nil || u.source.calls != 3 {
		t.Errorf("%d calls, %v, want 3", u.source.calls, err)
	}
}

// A password that a get for another host of the region returned is not kept as that of a login. A password of a login
// stays with its host.
func TestKeepOfSharedToken(t *testing.T) {
	u := newUser(t)
	u.cache.Source = &identifiedSource{u.source, aws.Source{}}
	first, err := u.ask()
	if err != nil {
		t.Fatal(err)
	}
	other := parse(t, sameRegion)
	if err := u.cache.Keep(other, first); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_PROFILE", "other")
	if token, err := u.cache.Token(t.Context(), other); err != nil || token.Password == first.Password {
		t.Errorf("another identity got the token: %v", err)
	}
	login := credentials.Token{Username: "AWS", Password: "login", Issued: u.clock.UTC(), Expiry: u.clock.Add(time.Hour).UTC()}
	if err := u.cache.Keep(other, login); err != nil {
		t.Fatal(err)
	}
	for r, want := range map[registry.Registry]bool{other: true, parse(t, host): false, parse(t, "111122223333.dkr.ecr.us-west-2.amazonaws.com"): false} {
		if token, err := u.cache.Token(t.Context(), r); err != nil || (token.Password == "login") != want {
			t.Errorf("%s got the password of the login: %v, %v", r, !want, err)
		}
	}
	if hosts := u.cache.Hosts(); len(hosts) != 3 {
		t.Errorf("Hosts() = %v, want only registries", hosts)
	}
	registries, err := u.cache.Entries()
	shared, sharedErr := u.cache.Shared()
	if len(registries) != 5 || len(shared) != 2 || errors.Join(err, sharedErr) != nil {
		t.Errorf("%d entries of registries and %d of APIs, %v, %v", len(registries), len(shared), err, sharedErr)
	}
	if err := u.cache.Clear(); err != nil {
		t.Error(err)
	}
	if shared, err := u.cache.Shared(); len(shared) != 0 || err != nil {
		t.Errorf("%d entries of APIs after Clear, %v", len(shared), err)
	}
}
