package kubernetes

import (
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// silenceLimit is the longest time between two events of a watch. The API server sends a bookmark each minute.
const silenceLimit = 2 * time.Minute

// A liveWatch is a watch that calls event for each event and bookmark, and failed for an error. It ends after
// silenceLimit without any, so that the informer starts another one.
type liveWatch struct {
	watch.Interface
	event   func()
	failed  func(error)
	results chan watch.Event
	errors  chan *apierrors.StatusError
	stop    func()
	stopped chan struct{}
}

func newLiveWatch(w watch.Interface, event func(), failed func(error)) *liveWatch {
	l := &liveWatch{
		Interface: w, event: event, failed: failed,
		results: make(chan watch.Event),
		errors:  make(chan *apierrors.StatusError, 1),
		stopped: make(chan struct{}),
	}
	l.stop = sync.OnceFunc(func() {
		close(l.stopped)
		w.Stop()
	})
	go l.run()
	return l
}

// ResultChan implements watch.Interface.
func (l *liveWatch) ResultChan() <-chan watch.Event { return l.results }

// Stop implements watch.Interface.
func (l *liveWatch) Stop() { l.stop() }

// fail ends the watch with an error.
func (l *liveWatch) fail(err *apierrors.StatusError) {
	select {
	case l.errors <- err:
	default: // it already fails
	}
}

func (l *liveWatch) run() {
	defer close(l.results)
	defer l.stop()
	silence := time.NewTimer(silenceLimit)
	defer silence.Stop()
	for {
		select {
		case <-l.stopped:
			return
		case <-silence.C:
			l.failed(errSilent)
			return
		case err := <-l.errors:
			l.send(watch.Event{Type: watch.Error, Object: &err.ErrStatus})
			return
		case e, ok := <-l.Interface.ResultChan():
			if !ok {
				return
			}
			silence.Reset(silenceLimit)
			if e.Type == watch.Error && !l.observe(e) {
				return
			}
			l.event()
			l.send(e)
		}
	}
}

// observe reports an error event, and whether the informer must see it. It need not see that the connection broke,
// because it then starts another watch at the last event, without a pause and without a list.
func (l *liveWatch) observe(e watch.Event) bool {
	err := apierrors.FromObject(e.Object)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) { // normal; the informer lists again
		return true
	}
	l.failed(err)
	return !apierrors.HasStatusCause(err, brokenWatch)
}

// brokenWatch is the cause of an error event of client-go itself. Source: newStreamWatcher in rest/request.go.
const brokenWatch metav1.CauseType = "ClientWatchDecoding"

func (l *liveWatch) send(e watch.Event) {
	select {
	case l.results <- e:
	case <-l.stopped:
	}
}
