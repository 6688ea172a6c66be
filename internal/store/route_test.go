package store

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	alias         = "docker.example.com:5000"
	configuration = []byte("cache: {dir: ~/tokens}\n")
	route         = Route{Registry: host, Dir: "~/tokens", Timeout: 90 * time.Second, Variables: []string{"ROLE", "TEAM_*"}}
)

func newRoutes(t *testing.T) (s *Store, file string) {
	t.Helper()
	s, err := Create(filepath.Join(t.TempDir(), "cache"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.SaveRoute(alias, configuration, route, time.Now())
	return s, filepath.Join(s.dir, routeName(alias, configuration))
}

func TestRoute(t *testing.T) {
	s, file := newRoutes(t)
	if got, ok := s.LoadRoute(alias, configuration); !ok || !reflect.DeepEqual(got, route) {
		t.Errorf("LoadRoute = %+v, %v, want %+v", got, ok, route)
	}
	if name := filepath.Base(file); !strings.HasPrefix(name, "docker.example.com_5000@") || strings.Contains(name, ":") {
		t.Errorf("file name %q", name)
	}
	empty := Route{Registry: host, Variables: []string{}}
	s.SaveRoute(host, nil, empty, time.Now())
	if got, ok := s.LoadRoute(host, nil); !ok || !reflect.DeepEqual(got, empty) {
		t.Errorf("LoadRoute = %+v, %v, want %+v", got, ok, empty)
	}
	for what, tt := range map[string]struct {
		address       string
		configuration string
	}{
		"another host":                {"other.example.com", string(configuration)},
		"another port":                {"docker.example.com:5001", string(configuration)},
		"no port":                     {"docker.example.com", string(configuration)},
		"the port in the file's name": {"docker.example.com_5000", string(configuration)},
		"a changed configuration":     {alias, string(configuration) + "#"},
		"no configuration":            {alias, ""},
	} {
		if r, ok := s.LoadRoute(tt.address, []byte(tt.configuration)); ok {
			t.Errorf("%s: LoadRoute = %+v", what, r)
		}
	}
}

// A route that is invalid or of another version is not used. Only that of a later version is not overwritten.
func TestInvalidRoute(t *testing.T) {
	s, file := newRoutes(t)
	valid, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string]string{
		"empty":             "",
		"cut":               string(valid[:len(valid)-1]),
		"longer":            string(valid) + "\n",
		"another type":      strings.Replace(string(valid), "route", "token", 1),
		"another host":      strings.Replace(string(valid), alias, "other.example.com:5000", 1),
		"no time limit":     strings.Replace(string(valid), "1m30s", "", 1),
		"negative limit":    strings.Replace(string(valid), "1m30s", "-1m30s", 1),
		"a later version":   "ecr-login route 99\n" + string(valid),
		"an earlier format": "ecr-login route 0\n" + string(valid),
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, ok := s.LoadRoute(alias, configuration); ok {
			t.Errorf("%s: LoadRoute = %+v", what, r)
		}
		s.SaveRoute(alias, configuration, route, time.Now())
		if _, ok := s.LoadRoute(alias, configuration); ok != (what != "a later version") {
			t.Errorf("%s: a new route is valid: %v", what, ok)
		}
	}
}

// A route is written again after half a day, so that the daily sweep does not remove a route in use. It removes others.
func TestRoutesAreSwept(t *testing.T) {
	s, file := newRoutes(t)
	written := func() time.Time {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	now := time.Now()
	recent := now.Add(-11 * time.Hour)
	if err := os.Chtimes(file, recent, recent); err != nil {
		t.Fatal(err)
	}
	if s.SaveRoute(alias, configuration, route, now); written().After(recent.Add(time.Minute)) {
		t.Error("the same route was written again after 11 hours")
	}
	s.SaveRoute(alias, configuration, route, now.Add(2*time.Hour))
	if !written().After(recent.Add(time.Minute)) {
		t.Error("the route was not written again after 13 hours")
	}
	s.SaveRoute(alias, []byte("timeout: 20s\n"), route, now.Add(48*time.Hour))
	if _, err := os.Stat(file); err == nil {
		t.Error("a route that was not used for two days was not removed")
	}
}

// Erase keeps routes, and does not treat an alias as a registry. EraseRoutes removes nothing else.
func TestEraseRoutes(t *testing.T) {
	s, file := newRoutes(t)
	if err := s.Erase(AllHosts); err != nil {
		t.Fatal(err)
	}
	if files, err := s.files(); err != nil || len(files) != 1 || files[0].suffix != routeSuffix {
		t.Errorf("Erase left %+v, %v, want the route", files, err)
	}
	if err := s.Save(entry, entry.id()); err != nil {
		t.Fatal(err)
	}
	if err := s.EraseRoutes(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("EraseRoutes left the route")
	}
	if _, err := s.Load(host, entry.id()); err != nil {
		t.Errorf("EraseRoutes removed a token: %v", err)
	}
}
