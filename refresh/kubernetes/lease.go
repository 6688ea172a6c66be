package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Times of the lease. A follower takes over after at most leaseDuration and two times retryPeriod.
const (
	leaseDuration = 9 * time.Second
	renewDeadline = 6 * time.Second
	retryPeriod   = 800 * time.Millisecond
	releaseLimit  = 800 * time.Millisecond // for the release at exit
)

// A Lease is the object in the cluster with which replicas elect the one that writes. The role needs get, create and
// update on leases in the group coordination.k8s.io.
type Lease struct {
	Namespace, Name string
	Holder          string // name of this replica, different for each, such as the name of the pod
}

// elect runs leader elections until ctx is done.
func (c *Cluster) elect(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			term, end := context.WithCancel(ctx)
			c.lock.startTerm(end)
			c.elector().Run(term)
			end()
		}
	}()
	<-ctx.Done()
	select {
	case <-done:
	case <-time.After(releaseLimit):
	}
}

// elector returns the elector of one term.
func (c *Cluster) elector() *leaderelection.LeaderElector {
	e, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          c.lock,
		LeaseDuration: leaseDuration,
		RenewDeadline: renewDeadline,
		RetryPeriod:   retryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: c.lead,
			OnStoppedLeading: func() {},
			OnNewLeader:      func(holder string) { c.log.Info("lease: leader elected", "holder", holder) },
		},
		ReleaseOnCancel: true,
		Name:            "ecr-token-refresh",
	})
	if err != nil {
		panic(err) // the times are wrong
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = e
	return e
}

// A lock is a Lease that records why requests fail, and that ends the term of a leader in time. Package
// leaderelection only logs failures, and ends a term after the release, which can take renewDeadline again.
type lock struct {
	*resourcelock.LeaseLock
	log *slog.Logger

	mu       sync.Mutex
	end      func()           // ends the term
	term     *time.Timer      // calls end; nil before the lease is held
	failures map[string]error // by verb: why the last request failed
}

func newLock(client coordination.LeasesGetter, l Lease, log *slog.Logger) *lock {
	return &lock{log: log, failures: map[string]error{}, LeaseLock: &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: l.Namespace, Name: l.Name},
		Client:     client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: l.Holder},
	}}
}

// Get implements resourcelock.Interface.
func (l *lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.LeaseLock.Get(ctx)
	if !apierrors.IsNotFound(err) { // it is created then
		l.observe(ctx, "get", err)
	}
	return record, raw, err
}

// Create implements resourcelock.Interface.
func (l *lock) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	err := l.LeaseLock.Create(ctx, r)
	l.observe(ctx, "create", err)
	l.renewed(r, err)
	return err
}

// Update implements resourcelock.Interface.
func (l *lock) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	err := l.LeaseLock.Update(ctx, r)
	if !apierrors.IsConflict(err) { // another replica was faster
		l.observe(ctx, "update", err)
	}
	l.renewed(r, err)
	return err
}

// startTerm sets the function that ends the next term.
func (l *lock) startTerm(end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = end
	if l.term != nil {
		l.term.Stop()
		l.term = nil
	}
}

// renewed extends the term after the lease was acquired or renewed.
func (l *lock) renewed(r resourcelock.LeaderElectionRecord, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil || r.HolderIdentity != l.Identity():
	case l.term == nil:
		l.term = time.AfterFunc(renewDeadline, l.end)
	default:
		l.term.Reset(renewDeadline)
	}
}

// observe records and logs the result of a request.
func (l *lock) observe(ctx context.Context, verb string, err error) {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.failures[verb]
	if err == nil {
		if verb != "get" { // a successful get does not mean that the lease can be acquired
			before = cmp.Or(before, l.failures["get"])
			clear(l.failures)
		}
		delete(l.failures, verb)
		if before != nil {
			l.log.Info(verb + " the lease: the API server responds again")
		}
		return
	}
	err = explain(verb, "leases in namespace "+l.LeaseMeta.Namespace, err)
	l.failures[verb] = err
	if before == nil || before.Error() != err.Error() {
		l.log.Warn("cannot "+verb+" the lease", "error", err.Error())
	}
}

// failure returns why the lease cannot be acquired or renewed, or nil.
func (l *lock) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return cmp.Or(l.failures["get"], l.failures["create"], l.failures["update"])
}
