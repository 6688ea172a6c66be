package kubernetes

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
)

// A Secret is the Secret of a Rule in all namespaces that the Rule selects.
type Secret struct {
	cluster   *Cluster
	rule      secret.Rule
	selection selection
	names     []string // of the namespaces, if literal
	literal   bool     // the namespaces are selected by name only
	lists     bool     // the rule needs a list of namespaces
	writer    placeWriter

	life    context.Context // ends when the Secret is retired
	end     context.CancelFunc
	writing sync.RWMutex // locked for reading during a write or a removal

	beginning sync.Mutex // locked while a pass begins, so that a later pass has later namespaces

	mu      sync.Mutex
	name    string
	retired bool // not in use
	content *content
	pass    int // number of the current pass over all namespaces
	places  map[string]*place
	untried int           // places that were not tried in this pass
	passed  chan struct{} // closed when all were tried; nil if no pass is in progress
	outage  bool          // an error of the API server was logged in this pass
}

var _ refresh.Reporter = (*Secret)(nil)

// A placeWriter writes the Secret of a rule in one namespace. Tests use another one than writer.
type placeWriter interface {
	// write returns nil, a *waitingError or a *contestedError if the Secret was written or the namespace is
	// terminating.
	write(ctx context.Context, namespace string, c *content) error
	// remove deletes the Secret if this program wrote it, and if unselected still returns true after it was looked up.
	remove(ctx context.Context, namespace string, unselected func() bool) error
	// plan returns what write would do.
	plan(ctx context.Context, namespace string) (Change, error)
	// planRemove returns what remove would do. The Action is "" if there is nothing to do.
	planRemove(ctx context.Context, namespace string) (Change, error)
	// forget drops what is known of a namespace.
	forget(namespace string)
}

// Secret returns the Secret of a rule.
func (c *Cluster) Secret(r secret.Rule) (*Secret, error) {
	selection, err := newSelection(r)
	if err != nil {
		return nil, err
	}
	if c.installation != "" {
		r.Form.Annotations = maps.Clone(r.Form.Annotations)
		if r.Form.Annotations == nil {
			r.Form.Annotations = map[string]string{}
		}
		r.Form.Annotations[AnnotationInstallation] = c.installation
	}
	s := &Secret{cluster: c, rule: r, selection: selection, name: r.Name, places: map[string]*place{}}
	s.life, s.end = context.WithCancel(context.Background())
	s.names, s.literal = selection.literal()
	s.literal = s.literal && !r.SkipMissing
	s.lists = !s.literal || r.Prune
	s.writer = newWriter(r, c.clients.metadata, c.clients.core, c.log)
	return s, nil
}

// setNames makes the names of Secrets unique. Two rules can write Secrets of the same name to different namespaces.
func setNames(secrets []*Secret) {
	used := map[string]int{}
	for _, s := range secrets {
		used[s.rule.Name]++
	}
	for _, s := range secrets {
		name := s.rule.Name
		if used[name] > 1 {
			name += " in " + s.selection.String()
		}
		s.mu.Lock()
		s.name = name
		s.mu.Unlock()
	}
}

// Kind implements refresh.Target.
func (s *Secret) Kind() string { return "secret" }

// Name implements refresh.Target. It is the name of the Secret, and unique among the Secrets in use.
func (s *Secret) Name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.name
}

// Logins implements refresh.Target.
func (s *Secret) Logins() []refresh.Login { return s.rule.Logins }

// Apply implements refresh.Target. It returns after each namespace was tried once. A replica that does not lead
// stores the passwords, and writes them when it leads.
func (s *Secret) Apply(ctx context.Context, creds []refresh.Credential) error {
	content, err := newContent(s.rule, creds)
	if err != nil {
		return err
	}
	if s.cluster.once {
		return s.applyOnce(ctx, content)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.cluster.started:
	}
	leader := s.cluster.leadership()
	if leader == nil {
		s.hold(content)
		if leader = s.cluster.leadership(); leader == nil {
			return nil
		}
	}
	if s.lists {
		if err := s.cluster.namespaces.await(ctx); err != nil {
			s.begin(content) // with the namespaces that are known later
			return err
		}
	}
	select {
	case <-s.begin(content):
	case <-leader.Done():
	case <-ctx.Done():
	}
	return nil
}

// resume starts a pass if there is something to write. It is called when this replica begins to lead.
func (s *Secret) resume() {
	s.mu.Lock()
	c := s.content
	s.mu.Unlock()
	if c != nil {
		s.begin(nil)
	}
}

// hold stores what to write when this replica leads.
func (s *Secret) hold(c *content) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content = c
}

// begin starts a pass over all namespaces, and returns a channel that is closed at its end. Without content, the
// content of the last pass is written.
func (s *Secret) begin(c *content) <-chan struct{} {
	s.beginning.Lock()
	defer s.beginning.Unlock()
	wanted, others := s.divide(s.cluster.namespaces.all())
	passed, due := s.newPass(c, wanted, others)
	for _, name := range due { // not while s.mu is locked, because the queue calls written
		s.cluster.queue.Add(key{s, name})
	}
	return passed
}

func (s *Secret) newPass(c *content, wanted, others []namespace) (passed chan struct{}, due []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content = cmp.Or(c, s.content)
	if s.passed == nil {
		s.passed = make(chan struct{})
	}
	passed = s.passed
	places := make(map[string]*place, len(wanted))
	if s.content != nil && !s.retired {
		for _, ns := range wanted {
			places[ns.name] = cmp.Or(s.places[ns.name], &place{pass: never, uid: ns.uid})
			due = append(due, ns.name)
		}
	}
	if s.rule.Prune && !s.retired {
		for _, ns := range others {
			due = append(due, ns.name)
		}
	}
	for name := range s.places {
		if places[name] == nil {
			s.writer.forget(name)
		}
	}
	s.pass++
	s.outage = false
	s.places, s.untried = places, len(places)
	s.endPass()
	return passed, due
}

// endPass reports the end of a pass if all places were tried. s.mu is locked.
func (s *Secret) endPass() {
	if s.untried == 0 && s.passed != nil {
		close(s.passed)
		s.passed = nil
	}
}

// retire stops all writes, and waits for those that are in progress. They end soon, because their requests are canceled.
func (s *Secret) retire() {
	s.mu.Lock()
	s.retired, s.content, s.untried = true, nil, 0
	clear(s.places)
	s.endPass()
	s.mu.Unlock()
	s.end()
	s.writing.Lock()
	defer s.writing.Unlock()
}

// use returns a context for requests, which ends when the Secret is retired. retire waits until done is called.
func (s *Secret) use(ctx context.Context) (_ context.Context, done func()) {
	s.writing.RLock()
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.life, cancel)
	return ctx, func() {
		stop()
		cancel()
		s.writing.RUnlock()
	}
}

// divide returns which of the existing namespaces the rule selects, and which no rule with the same name of the Secret
// selects. Namespaces that are selected by name need not be known. Terminating namespaces are in neither list.
func (s *Secret) divide(existing []namespace) (wanted, others []namespace) {
	for _, ns := range existing {
		switch {
		case ns.terminating:
		case s.selection.matches(ns.name, ns.labels):
			wanted = append(wanted, ns)
		case s.cluster.selected(s.rule.Name, ns): // that rule writes the Secret, so it must not be pruned
		default:
			others = append(others, ns)
		}
	}
	if s.literal {
		for _, name := range s.names {
			if !slices.ContainsFunc(existing, func(ns namespace) bool { return ns.name == name }) {
				wanted = append(wanted, namespace{name: name})
			}
		}
	}
	return wanted, others
}

// Report implements refresh.Reporter.
func (s *Secret) Report() refresh.Report {
	c := s.cluster
	if c.lock != nil && !c.once && c.leadership() == nil {
		return refresh.Report{Standby: true}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var r refresh.Report
	for name, p := range s.places {
		switch {
		case p.failure != "":
			r.Failing = append(r.Failing, refresh.Failure{Place: "namespace " + name, Error: p.failure})
		case p.pass == s.pass:
			r.Current++
		default:
			r.Pending++
		}
	}
	slices.SortFunc(r.Failing, func(a, b refresh.Failure) int { return strings.Compare(a.Place, b.Place) })
	return r
}
