package kubernetes

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
)

const (
	workers = 16
	// Waiting times between tries of a namespace double from retryFirst, and are shortened by up to half at random.
	retryFirst = time.Second
	retryLimit = 5 * time.Minute
	// unavailableLimit is the longest waiting time while the API server is unavailable.
	unavailableLimit = 15 * time.Second
)

// A key is a unit of work: the Secret of a rule in one namespace.
type key struct {
	secret    *Secret
	namespace string
}

// newQueue returns a queue in which new namespaces come first, which then do not wait until the others were applied
// again. Those that fail wait with the others. Otherwise, some in which each try takes long would occupy all workers,
// and the passwords of the others would expire.
func newQueue() workqueue.TypedDelayingInterface[key] {
	return workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[key]{
		Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[key]{Queue: new(urgency)}),
	})
}

// urgency implements workqueue.Queue, whose methods are never called concurrently.
type urgency struct{ first, rest []key }

func (u *urgency) Touch(key) {}
func (u *urgency) Len() int  { return len(u.first) + len(u.rest) }

func (u *urgency) Push(k key) {
	if k.secret.urgent(k.namespace) {
		u.first = append(u.first, k)
	} else {
		u.rest = append(u.rest, k)
	}
}

func (u *urgency) Pop() key {
	q := &u.first
	if len(*q) == 0 {
		q = &u.rest
	}
	k := (*q)[0]
	(*q)[0] = key{} // for the garbage collector
	*q = (*q)[1:]
	return k
}

// work processes the queue until ctx is done, while this replica leads.
func (c *Cluster) work(ctx context.Context) {
	defer context.AfterFunc(ctx, c.queue.ShutDown)()
	var w sync.WaitGroup
	for range workers {
		w.Go(func() {
			for {
				k, stopped := c.queue.Get()
				if stopped {
					return
				}
				if leader := c.leadership(); leader != nil {
					if again := k.secret.sync(leader, k.namespace); again > 0 {
						c.queue.AddAfter(k, again)
					}
				}
				c.queue.Done(k)
			}
		})
	}
	w.Wait()
}

// retryDelay returns when a failed write is tried again.
func retryDelay(attempts int, hint time.Duration, err error) time.Duration {
	longest := retryLimit
	if unavailable(err) {
		longest = unavailableLimit
	}
	d := min(retryFirst<<min(attempts-1, 20), longest)
	return max(hint, d/2) + rand.N(d/2)
}
