// Package kubernetes writes registry passwords to Secrets in the namespaces of a Kubernetes cluster. A Secret is a
// target of package refresh.
//
// Secrets are applied by name (server-side apply) and replaced in place, so that they are never absent. This package
// never lists, watches or caches Secrets, and does not read their data.
package kubernetes

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"ecrlogin/internal/advice"
)

// watchAgeLimit is the maximum age of the watch of a healthy Cluster.
const watchAgeLimit = 3 * time.Minute

// Options are the options of a Cluster.
type Options struct {
	Config *rest.Config
	Lease  *Lease // nil for no leader election: this is the only replica
	// Once is for programs that call Apply or Plan of each Secret once, and do not call Run. Apply then lists the
	// namespaces and needs no permission to watch them.
	Once bool
	// Installation names the installation of this program, and is the same for all its replicas. It is an annotation of
	// each Secret, so that a rule with Prune deletes no Secret of another installation. "" for no name.
	Installation string
	Log          *slog.Logger // nil for none
}

// A Cluster writes Secrets to the namespaces of a Kubernetes cluster. All its Secrets share one watch of namespaces,
// one queue and one lease. Its methods are safe for concurrent use.
type Cluster struct {
	once         bool
	installation string
	log          *slog.Logger
	clients      clients
	namespaces   *namespaces
	queue        workqueue.TypedDelayingInterface[key] // nil before Run
	lock         *lock                                 // nil for no leader election
	started      chan struct{}                         // closed by Run
	watches      chan struct{}                         // closed by needWatch
	needWatch    func()                                // called when a rule needs the watch of namespaces

	mu      sync.Mutex
	secrets []*Secret                     // in use
	leader  context.Context               // of the current leadership; nil if another replica leads
	current *leaderelection.LeaderElector // nil before the first election
}

// NewCluster returns a Cluster. It contacts nothing.
func NewCluster(o Options) (*Cluster, error) {
	clients, err := newClients(o.Config)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		once: o.Once, installation: o.Installation, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)), clients: clients,
		started: make(chan struct{}), watches: make(chan struct{}),
	}
	c.needWatch = sync.OnceFunc(func() { close(c.watches) })
	klogOnce.Do(func() { logQuietly(c.log) })
	if c.namespaces, err = newNamespaces(clients.metadata, c.log, c.changed); err != nil {
		return nil, err
	}
	if o.Lease != nil {
		c.lock = newLock(clients.leases, *o.Lease, c.log)
	}
	return c, nil
}

var klogOnce sync.Once // the logger of klog is global

// logQuietly sends client-go's log to ours as debug messages. Those that matter to users are logged by this package,
// once for each change instead of once for each try.
func logQuietly(log *slog.Logger) {
	klog.SetSlogLogger(slog.New(debugHandler{log.Handler()}))
}

// A debugHandler logs messages with level debug. It drops messages with a klog verbosity above 4, because client-go
// logs the bodies of requests, which contain passwords, with verbosity 8. The verbosity is the negative level.
type debugHandler struct{ slog.Handler }

func (h debugHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelDebug && h.Handler.Enabled(ctx, slog.LevelDebug)
}

// Handle drops errors unless debug messages are enabled. klog does not call Enabled for errors.
func (h debugHandler) Handle(ctx context.Context, r slog.Record) error {
	if !h.Enabled(ctx, r.Level) {
		return nil
	}
	r.Level = slog.LevelDebug
	return h.Handler.Handle(ctx, r)
}

func (h debugHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return debugHandler{h.Handler.WithAttrs(a)}
}

func (h debugHandler) WithGroup(name string) slog.Handler {
	return debugHandler{h.Handler.WithGroup(name)}
}

// Use sets the Secrets in effect. It is called before Run, Apply and Plan, and again after the configuration changed.
// Other Secrets are not written after that. It sets the names of the Secrets.
func (c *Cluster) Use(secrets []*Secret) {
	setNames(secrets)
	c.mu.Lock()
	old := c.secrets
	c.secrets = slices.Clone(secrets)
	c.mu.Unlock()
	for _, s := range old {
		if !slices.Contains(secrets, s) {
			s.retire()
		}
	}
	if slices.ContainsFunc(secrets, func(s *Secret) bool { return s.lists }) {
		c.needWatch()
	}
}

// selected reports whether a rule in use selects a namespace for a Secret with a name.
func (c *Cluster) selected(secret string, ns namespace) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.secrets, func(s *Secret) bool {
		return s.rule.Name == secret && s.selection.matches(ns.name, ns.labels)
	})
}

// Run watches namespaces, takes part in the leader election and writes Secrets until ctx is done. It returns within a
// second after that. It must be called once only.
func (c *Cluster) Run(ctx context.Context) {
	c.queue = newQueue()
	if c.lock == nil {
		c.lead(ctx)
	}
	close(c.started)
	var parts sync.WaitGroup
	parts.Go(func() { c.work(ctx) })
	parts.Go(func() {
		select {
		case <-ctx.Done():
		case <-c.watches:
			c.namespaces.run(ctx)
		}
	})
	if c.lock != nil {
		parts.Go(func() { c.elect(ctx) })
	}
	parts.Wait()
}

// lead starts the leadership of this replica. It ends when ctx is done. A late call, for a term that has ended, has no
// effect.
func (c *Cluster) lead(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	c.leader = ctx
	secrets := slices.Clone(c.secrets)
	c.mu.Unlock()
	for _, s := range secrets {
		s.resume()
	}
}

// leadership returns the context of the leadership of this replica, or nil if another replica leads.
func (c *Cluster) leadership() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil || c.leader.Err() != nil {
		return nil
	}
	return c.leader
}

// changed adds the Secrets of a namespace to the queue, after the namespace changed.
func (c *Cluster) changed(name string) {
	c.mu.Lock()
	secrets := slices.Clone(c.secrets)
	c.mu.Unlock()
	for _, s := range secrets {
		c.queue.Add(key{s, name})
	}
}

// Ready returns nil after the namespaces were listed, also if another replica leads.
func (c *Cluster) Ready() error {
	if !c.watching() || c.namespaces.informer.HasSynced() {
		return nil
	}
	if err := c.namespaces.failure(); err != nil {
		return err
	}
	return advice.Errorf("the namespaces are not listed yet")
}

// Healthy returns an error if the watch of namespaces receives nothing, or if this replica still leads after its lease
// expired.
func (c *Cluster) Healthy() error {
	if age := c.namespaces.age(); age > watchAgeLimit {
		err := advice.Errorf("watch of namespaces: no event for %s", age.Round(time.Second))
		if failure := c.namespaces.failure(); failure != nil {
			return advice.Errorf("%w: %w", err, failure)
		}
		return err
	}
	c.mu.Lock()
	elector := c.current
	c.mu.Unlock()
	if elector != nil {
		return elector.Check(0)
	}
	return nil
}

// watching reports whether the watch of namespaces is needed.
func (c *Cluster) watching() bool {
	select {
	case <-c.watches:
		return true
	default:
		return false
	}
}

// A ClusterStatus is the state of a Cluster.
type ClusterStatus struct {
	Synced   bool          // the namespaces were listed, or no rule needs that
	Leading  bool          // this replica writes; always true without a lease while Run is running
	Holder   string        // name of the replica that leads; "" without a lease, or if unknown
	WatchAge time.Duration // since the last event, bookmark or list of namespaces; 0 without a watch
	Error    string        // why the last request for namespaces or for the lease failed, in one line; "" if it did not
}

// Status returns the current state.
func (c *Cluster) Status() ClusterStatus {
	s := ClusterStatus{
		Synced:   !c.watching() || c.namespaces.informer.HasSynced(),
		Leading:  c.leadership() != nil,
		WatchAge: c.namespaces.age(),
	}
	if err := c.namespaces.failure(); err != nil {
		s.Error = err.Error()
	}
	if c.lock == nil {
		return s
	}
	if err := c.lock.failure(); err != nil && s.Error == "" {
		s.Error = err.Error()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		s.Holder = c.current.GetLeader()
	}
	return s
}
