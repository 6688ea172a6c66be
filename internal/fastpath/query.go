package fastpath

import (
	"os"
	"slices"
	"strings"
	"time"

	"ecrlogin/internal/cachekey"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/kubeletprotocol"
	"ecrlogin/internal/process"
	"ecrlogin/internal/program"
	"ecrlogin/internal/store"
	"ecrlogin/internal/timelimit"
	"ecrlogin/registry"
)

// A query is a request for the password of a host.
type query struct {
	env     environ.Env
	kubelet bool   // whether the kubelet sends it, rather than a container client
	config  string // the value of --config; "" if not set

	host    string // as the client wrote it
	version string // of kubelet's protocol

	defaultDir string       // the cache directory if the configuration sets none
	opened     *store.Store // defaultDir, if it is open
}

// newQuery returns the query of a process whose arguments, including the program's name, are args. ok is false if they
// are neither those of a client's get, nor those with which the kubelet runs the program.
func newQuery(args []string, env environ.Env) (q *query, ok bool) {
	q = &query{env: env}
	switch {
	case len(args) == 0:
		return nil, false
	case strings.TrimSuffix(base(args[0]), ".exe") == program.Provider:
		args = args[1:]
	case len(args) > 1 && args[1] == "kubelet":
		args = args[2:]
	default:
		return q, len(args) == 2 && args[1] == "get"
	}
	q.kubelet = true
	var seen []string
	for _, arg := range args {
		flag, value, hasValue := strings.Cut(arg, "=")
		switch {
		case slices.Contains(seen, flag):
			return nil, false
		case arg == "get-credentials":
		case flag == "--config" && hasValue:
			q.config = value
		case flag == "--role-arn" && hasValue: // has no effect without a service account token
		default:
			return nil, false
		}
		seen = append(seen, flag)
	}
	return q, true
}

// base returns the last element of a path.
func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if os.IsPathSeparator(path[i]) {
			return path[i+1:]
		}
	}
	return path
}

// NotFound is the output that makes clients continue without a password, as defined by docker-credential-helpers.
const NotFound = "credentials not found in native keychain\n"

// respond returns the protocol's response to the input, and the exit code. ok is false if the response requires the
// slow path.
func (q *query) respond(input string) (answer []byte, exit int, ok bool) {
	if q.host = strings.TrimSpace(input); q.kubelet {
		request, ok := kubeletprotocol.ParseRequest(input)
		if !ok {
			return nil, 0, false
		}
		q.host, q.version = kubeletprotocol.Host(request.Image), request.APIVersion
	}
	own, err := configpath.Read(q.env, q.config)
	if err != nil {
		return nil, 0, false
	}
	if _, err := registry.Parse(q.host); err != nil && own.Path == "" {
		// Without a configuration there are no aliases and no fallback. Input that starts with a brace may be from
		// the kubelet.
		ok := !q.kubelet && q.host != "" && q.host[0] != '{' && !strings.ContainsAny(q.host, "\r\n")
		return []byte(NotFound), 1, ok
	}
	route, ok := q.route(own.Content)
	if !ok {
		return nil, 0, false
	}
	e, ok := q.find(own, route)
	if !ok {
		return nil, 0, false
	}
	answer, ok = q.encode(e, time.Now())
	return answer, 0, ok
}

// find returns the token for a route if it is cached, and waits if another process is requesting it.
func (q *query) find(own configpath.File, route store.Route) (e store.Entry, ok bool) {
	inputs, err := cachekey.ReadFor(q.env, own)
	if err != nil || len(inputs.Skipped) > 0 { // the slow path reports these
		return store.Entry{}, false
	}
	dir := q.defaultDir
	if route.Dir != "" {
		dir = store.Dir(q.env, route.Dir)
	}
	s, err := q.open(dir)
	if err != nil {
		return store.Entry{}, false
	}
	if e, err := s.Load(route.Registry, store.Login); err == nil && e.Valid(time.Now()) {
		return e, true
	}
	if len(route.Variables) > 0 {
		inputs = inputs.With(route.Variables)
	}
	t := tokenFile{s, route.Registry, inputs.Key()}
	e, err = s.Load(t.host, t.id)
	if err == nil && e.Fresh(time.Now()) {
		return e, true
	}
	generation = s.Generation(t.host)
	if err == nil && e.Valid(time.Now()) {
		return store.Entry{}, false // to be renewed
	}
	timeout, _ := timelimit.Choose(q.env.Get(timelimit.Variable), route.Timeout)
	return t.wait(process.Began(), process.Began().Add(timeout-timelimit.Reserve))
}

// open opens a cache directory.
func (q *query) open(dir string) (s *store.Store, err error) {
	if q.opened != nil && dir == q.defaultDir {
		return q.opened, nil
	}
	if s, err = store.Create(dir, q.env); err == nil && dir == q.defaultDir {
		q.opened = s
	}
	return s, err
}

// encode returns the response with a token. ok is false if a value needs escaping in JSON, which never applies to the
// hosts, user names and passwords of ECR, and if the token has expired by now. It replaces encoding/json, which is
// initialized too late.
func (q *query) encode(e store.Entry, now time.Time) (answer []byte, ok bool) {
	for _, s := range []string{q.host, e.Username, e.Password} {
		for i := range len(s) {
			if s[i] < ' ' || s[i] > '~' || strings.IndexByte(`"\<>&`, s[i]) >= 0 {
				return nil, false
			}
		}
	}
	text := `{"ServerURL":"` + q.host + `","Username":"` + e.Username + `","Secret":"` + e.Password + "\"}\n"
	if q.kubelet {
		duration := kubeletprotocol.CacheDuration(time.Unix(e.Issued, 0), time.Unix(e.Expiry, 0), e.Region, now)
		text = `{"kind":"` + kubeletprotocol.ResponseKind + `","apiVersion":"` + q.version +
			`","cacheKeyType":"Registry","cacheDuration":"` + duration.String() +
			`","auth":{"` + q.host + `":{"username":"` + e.Username + `","password":"` + e.Password + "\"}}}\n"
	}
	return []byte(text), e.Valid(now)
}
