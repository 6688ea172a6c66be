package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	metadataclient "k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
)

var namespaceResource = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// pageSize is the number of namespaces in one response to a list request.
const pageSize = 500

// A namespace is what rules need to know of a namespace.
type namespace struct {
	name        string
	uid         types.UID
	labels      map[string]string
	terminating bool
}

func namespaceOf(o *metav1.PartialObjectMetadata) namespace {
	return namespace{o.Name, o.UID, o.Labels, o.DeletionTimestamp != nil}
}

// namespaces watches the metadata of the namespaces in a cluster. It does not use the package
// metadatainformer, which links the clients of all APIs.
type namespaces struct {
	client   metadataclient.ResourceInterface
	log      *slog.Logger
	changed  func(name string) // called after a namespace was added, changed or deleted
	informer cache.SharedIndexInformer

	mu       sync.Mutex
	failures map[string]error // by verb: why the last request failed
	failed   chan struct{}    // closed after a failure
	alive    time.Time        // time of the last event, bookmark or list; zero if run was not called
	current  *liveWatch       // the last watch
}

func newNamespaces(client metadataclient.Interface, log *slog.Logger, changed func(string)) (*namespaces, error) {
	n := &namespaces{
		client: client.Resource(namespaceResource), log: log, changed: changed,
		failures: map[string]error{}, failed: make(chan struct{}),
	}
	lw := &cache.ListWatch{ListWithContextFunc: n.list, WatchFuncWithContext: n.watch}
	n.informer = cache.NewSharedIndexInformer(lw, &metav1.PartialObjectMetadata{}, 0, nil)
	err := n.informer.SetTransform(trim)
	if err == nil { // list and watch observe errors
		err = n.informer.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {})
	}
	if err == nil {
		_, err = n.informer.AddEventHandler(n.handler())
	}
	return n, err
}

// run watches until ctx is done.
func (n *namespaces) run(ctx context.Context) {
	n.stamp()
	var audits sync.WaitGroup
	audits.Go(func() { n.audits(ctx) })
	n.informer.RunWithContext(ctx)
	audits.Wait()
}

// trim removes what rules do not use, to save memory.
func trim(o any) (any, error) {
	if meta, ok := o.(*metav1.PartialObjectMetadata); ok {
		meta.ManagedFields, meta.Annotations, meta.Finalizers, meta.OwnerReferences = nil, nil, nil, nil
	}
	return o, nil
}

func (n *namespaces) handler() cache.ResourceEventHandler {
	changed := func(o any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o); err == nil {
			n.changed(key)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: changed,
		UpdateFunc: func(before, after any) {
			a, b := before.(*metav1.PartialObjectMetadata), after.(*metav1.PartialObjectMetadata)
			if !same(namespaceOf(a), namespaceOf(b)) {
				changed(after)
			}
		},
		DeleteFunc: changed,
	}
}

func (n *namespaces) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	var list *metav1.PartialObjectMetadataList
	err := n.reach(ctx, "list", func(ctx context.Context) (err error) {
		list, err = n.client.List(ctx, o)
		return err
	})
	n.observe(ctx, "list", err)
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (n *namespaces) watch(ctx context.Context, o metav1.ListOptions) (w watch.Interface, err error) {
	err = n.reach(ctx, "watch", func(ctx context.Context) (err error) {
		w, err = n.client.Watch(ctx, o)
		return err
	})
	if err != nil {
		// After a watch that starts with a list was rejected, for example by an API server before version 1.32, the
		// informer lists.
		if o.SendInitialEvents == nil || unavailable(err) {
			n.observe(ctx, "watch", err)
		}
		return nil, err
	}
	n.observe(ctx, "watch", nil)
	live := newLiveWatch(w, n.stamp, func(err error) { n.observe(ctx, "watch", err) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.current = live
	return live, nil
}

// reconnectLimit is the longest pause between two requests of the informer while the API server is unavailable.
const reconnectLimit = 4 * time.Second

// reach repeats a request while the API server is unavailable. The informer itself would wait for up to a minute
// between two requests, and new namespaces would wait for that long after the API server is available again.
func (n *namespaces) reach(ctx context.Context, verb string, request func(context.Context) error) error {
	for attempts := 1; ; attempts++ {
		hinted, h := withHint(ctx)
		err := request(hinted)
		if !unavailable(err) {
			return err
		}
		n.observe(ctx, verb, err)
		pause := min(retryFirst<<min(attempts-1, 20), reconnectLimit)
		if !sleep(ctx, max(h.after, pause/2)+rand.N(pause/2)) {
			return err
		}
	}
}

// stamp records that the watch is alive.
func (n *namespaces) stamp() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.alive = time.Now()
}

// observe records and logs the result of a request.
func (n *namespaces) observe(ctx context.Context, verb string, err error) {
	if ctx.Err() != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.failures[verb]
	if err == nil {
		n.alive = time.Now()
		delete(n.failures, verb)
		if verb == "watch" { // the informer watches after it listed
			delete(n.failures, "list")
		}
		if before != nil {
			n.log.Info(verb + " namespaces: the API server responds again")
		}
		return
	}
	err = explain(verb, "namespaces", err)
	n.failures[verb] = err
	close(n.failed)
	n.failed = make(chan struct{})
	if before == nil || before.Error() != err.Error() {
		n.log.Warn("cannot "+verb+" namespaces", "error", err.Error())
	}
}

// failure returns why namespaces cannot be listed or watched, or nil.
func (n *namespaces) failure() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.failures["list"]; err != nil {
		return err
	}
	return n.failures["watch"]
}

// age returns the time since the last event, bookmark or list.
func (n *namespaces) age() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.alive.IsZero() {
		return 0
	}
	return time.Since(n.alive)
}

// await waits until all namespaces are known. If they cannot be listed or ctx is done, it returns the cause.
func (n *namespaces) await(ctx context.Context) error {
	for {
		n.mu.Lock()
		failed := n.failed
		n.mu.Unlock()
		if n.informer.HasSynced() {
			return nil
		}
		if err := n.failure(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("list namespaces: %w", context.Cause(ctx))
		case <-failed:
		case <-n.informer.HasSyncedChecker().Done():
		}
	}
}

// get returns a namespace of the watch.
func (n *namespaces) get(name string) (namespace, bool) {
	o, exists, err := n.informer.GetStore().GetByKey(name)
	if meta, ok := o.(*metav1.PartialObjectMetadata); ok && exists && err == nil {
		return namespaceOf(meta), true
	}
	return namespace{}, false
}

// all returns the namespaces of the watch.
func (n *namespaces) all() []namespace {
	var all []namespace
	for _, o := range n.informer.GetStore().List() {
		if meta, ok := o.(*metav1.PartialObjectMetadata); ok {
			all = append(all, namespaceOf(meta))
		}
	}
	return all
}

// listAll returns all namespaces without a watch. If the list expires while it is read, listAll starts again once.
func listAll(ctx context.Context, client metadataclient.ResourceInterface) ([]namespace, error) {
	var all []namespace
	o := metav1.ListOptions{Limit: pageSize}
	for restarted := false; ; {
		page, err := client.List(ctx, o)
		if err != nil {
			if apierrors.IsResourceExpired(err) && !restarted {
				all, o.Continue, restarted = nil, "", true
				continue
			}
			return nil, explain("list", "namespaces", err)
		}
		for i := range page.Items {
			all = append(all, namespaceOf(&page.Items[i]))
		}
		if o.Continue = page.Continue; o.Continue == "" {
			return all, nil
		}
	}
}

// errStale ends a watch whose events are incomplete. The informer lists all namespaces after it.
var errStale = apierrors.NewResourceExpired("the watch of namespaces is incomplete")

// relist makes the informer list all namespaces again.
func (n *namespaces) relist() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.current != nil {
		n.current.fail(errStale)
	}
}

var errSilent = errors.New("no event and no bookmark within " + silenceLimit.String())
