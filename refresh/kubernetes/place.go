package kubernetes

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// never is the pass of a place that was not tried.
const never = -1

// A place is the state of a Secret in one namespace.
type place struct {
	uid      types.UID // of the namespace; "" if unknown
	pass     int       // the last one in which it was tried, or never
	written  bool
	attempts int       // failures since the last success
	failure  string    // "" after a success
	logged   bool      // whether a failure since the last success was logged
	next     time.Time // not tried before this time in the same pass
}

// sync writes or removes the Secret in one namespace. It returns when to call it again, or 0.
func (s *Secret) sync(ctx context.Context, name string) (again time.Duration) {
	var existing []namespace
	if ns, ok := s.cluster.namespaces.get(name); ok {
		existing = append(existing, ns)
	}
	wanted, others := s.divide(existing)
	if i := slices.IndexFunc(wanted, func(ns namespace) bool { return ns.name == name }); i >= 0 {
		again, _ = s.write(ctx, wanted[i])
		return again
	}
	if s.rule.Prune && len(others) > 0 {
		again, _ = s.remove(ctx, name)
		return again
	}
	s.forget(name)
	return 0
}

// write writes the Secret to a namespace, unless that was done in this pass. It returns when to call it again, or 0.
func (s *Secret) write(ctx context.Context, ns namespace) (again time.Duration, err error) {
	ctx, done := s.use(ctx)
	defer done()
	content, pass, again := s.due(ns)
	if content == nil {
		return again, nil
	}
	ctx, h := withHint(ctx)
	err = s.writer.write(ctx, ns.name, content)
	if err != nil && ctx.Err() != nil {
		return 0, err // this replica does not lead any more, the Secret is retired, or the program stops
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		err = explain("patch", "secrets in namespace "+ns.name, err)
	}
	after := func(attempts int) time.Duration { return retryDelay(attempts, h.after, err) }
	var waiting *waitingError
	var contested *contestedError
	switch { // these are written
	case errors.As(err, &waiting):
		err, after = nil, func(int) time.Duration { return waiting.after }
	case err == nil, errors.As(err, &contested):
		after = func(int) time.Duration { return 0 }
	}
	return s.record(ns.name, pass, err, after), err
}

// due returns the content to write to a namespace in the current pass, or nil and when to call due again, or 0.
func (s *Secret) due(ns namespace) (c *content, pass int, again time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.content == nil || s.retired {
		return nil, 0, 0
	}
	p := s.places[ns.name]
	if p == nil {
		p = &place{pass: never, uid: ns.uid}
		s.places[ns.name] = p
		s.untried++
	}
	if p.uid != ns.uid { // another namespace of the same name
		s.writer.forget(ns.name)
		if p.pass == s.pass {
			s.untried++
		}
		*p = place{pass: never, uid: ns.uid}
	}
	if p.pass == s.pass {
		if p.next.IsZero() {
			return nil, 0, 0
		}
		if again = time.Until(p.next); again > 0 {
			return nil, 0, again
		}
	}
	return s.content, s.pass, 0
}

// record stores the result of a try. The function returns when to try again, after a number of failures since the last
// success; 0 means in the next pass.
func (s *Secret) record(name string, pass int, err error, after func(attempts int) time.Duration) (again time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[name]
	if p == nil { // not in use any more
		return 0
	}
	if p.pass != s.pass && pass == s.pass {
		s.untried--
	}
	s.log(p, name, err)
	p.pass, p.next = pass, time.Time{}
	if err != nil {
		p.attempts, p.failure = p.attempts+1, err.Error()
	} else {
		p.attempts, p.failure, p.logged, p.written = 0, "", false, true
	}
	if again = after(p.attempts); again > 0 {
		p.next = time.Now().Add(again)
	}
	s.endPass()
	return again
}

// log logs what changed in a namespace. An error of the API server that probably concerns all namespaces is logged for
// one of them in each pass.
func (s *Secret) log(p *place, name string, err error) {
	log := s.cluster.log.With("secret", s.name, "namespace", name)
	switch {
	case err != nil && err.Error() != p.failure && !(unavailable(err) && s.outage):
		log.Warn("cannot write the Secret", "error", err.Error())
		p.logged, s.outage = true, s.outage || unavailable(err)
	case err == nil && p.logged:
		log.Info("Secret written after failures", "attempts", p.attempts+1)
	case err == nil && !p.written && s.passed == nil:
		log.Info("Secret written to a new namespace")
	}
}

// remove deletes the Secret in a namespace that the rule does not select. It returns when to call it again, or 0.
func (s *Secret) remove(ctx context.Context, name string) (again time.Duration, err error) {
	ctx, done := s.use(ctx)
	defer done()
	pass, ok := s.current()
	if !ok {
		return 0, nil
	}
	ctx, h := withHint(ctx)
	err = s.writer.remove(ctx, name, func() bool { return s.unselected(name) })
	if err == nil || apierrors.IsForbidden(err) && !s.written(name) { // without permissions it was never written
		s.forget(name)
		return 0, nil
	}
	if ctx.Err() != nil {
		return 0, err
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		err = explain("delete", "secrets in namespace "+name, err)
	}
	s.add(name)
	return s.record(name, pass, err, func(attempts int) time.Duration { return retryDelay(attempts, h.after, err) }), err
}

// unselected reports whether no rule selects a namespace for the Secret now. The list of a Cluster with Once does not
// change.
func (s *Secret) unselected(name string) bool {
	if s.cluster.once {
		return true
	}
	ns, known := s.cluster.namespaces.get(name)
	_, others := s.divide([]namespace{ns})
	return known && len(others) > 0
}

// current returns the number of the current pass, or false if the Secret is not in use.
func (s *Secret) current() (pass int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pass, !s.retired
}

// add adds a namespace to those of the Report.
func (s *Secret) add(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places[name] == nil && !s.retired {
		s.places[name] = &place{pass: never}
		s.untried++
	}
}

// forget removes a namespace that needs no Secret.
func (s *Secret) forget(name string) {
	s.writer.forget(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.places[name]; p != nil {
		if p.pass != s.pass {
			s.untried--
		}
		delete(s.places, name)
		s.endPass()
	}
}

// urgent reports whether a namespace may have no Secret yet. After a failure, it is not urgent any more.
func (s *Secret) urgent(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[name]
	return p == nil || !p.written && p.attempts == 0
}

// written reports whether the Secret was written to a namespace.
func (s *Secret) written(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[name]
	return p != nil && p.written
}
