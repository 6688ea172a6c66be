package kubernetes

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
)

// refreshReader reads a Secret without a pause while its passwords live for two seconds.
func refreshReader(t *testing.T, r refreshRelease) {
	const life, duration = 2 * time.Second, 20 * time.Second
	aws := awstest.New(t)
	aws.SetTokenLifetime(life)
	createNamespace(t, r.controlPlane, "reader")
	p := r.start(t, refreshRun{aws: aws, config: refreshConfig("1s", "reader", firstHost)})
	r.awaitSecret(t, p.log, "reader", anySecret)
	reader := r.read(t, aws, "reader", firstHost, time.Millisecond)
	time.Sleep(duration)
	reader.stop(t)
	t.Logf("token life %v for %v: %v", life, duration, reader)
	if len(reader.passwords) < int(duration/life) {
		t.Errorf("%d passwords", len(reader.passwords))
	}
}

// A secretReader reads the Secret regcred of a namespace by get and by watch, and asks the registry of the stand-in for
// AWS whether the password is valid, until it is stopped.
type secretReader struct {
	cancel    context.CancelFunc
	parts     sync.WaitGroup
	mu        sync.Mutex
	reads     int
	events    int
	passwords map[string]bool
	uids      map[string]bool
	faults    []string
}

func (r *secretReader) String() string {
	return fmt.Sprintf("%d reads and %d watch events with %d passwords; the Secret was never absent, empty or expired",
		r.reads, r.events, len(r.passwords))
}

// read starts a reader of an existing Secret, which waits for pause after each read.
func (r refreshRelease) read(
	t *testing.T, aws *awstest.Server, namespace, host string, pause time.Duration,
) *secretReader {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader := &secretReader{cancel: cancel, passwords: map[string]bool{}, uids: map[string]bool{}}
	t.Cleanup(func() { cancel(); reader.parts.Wait() })
	secrets := r.client.CoreV1().Secrets(namespace)
	watch, err := secrets.Watch(ctx, metav1.ListOptions{FieldSelector: named(secretName).String()})
	if err != nil {
		t.Fatal(err)
	}
	check := func(s *corev1.Secret) { reader.check(ctx, aws, host, s) }
	reader.parts.Go(func() {
		for event := range watch.ResultChan() {
			s, ok := event.Object.(*corev1.Secret)
			if ctx.Err() != nil {
				return
			}
			if !ok || event.Type == "DELETED" {
				reader.fault("event %s: %v", event.Type, event.Object)
				continue
			}
			check(s)
			reader.count(&reader.events)
		}
	})
	reader.parts.Go(func() {
		for ctx.Err() == nil {
			s, err := secrets.Get(ctx, secretName, metav1.GetOptions{})
			switch {
			case err == nil:
				check(s)
				reader.count(&reader.reads)
			case apierrors.IsNotFound(err):
				reader.fault("the Secret is absent")
			}
			time.Sleep(pause)
		}
	})
	return reader
}

// check records a fault unless the registry accepts the password in a Secret.
func (r *secretReader) check(ctx context.Context, aws *awstest.Server, host string, s *corev1.Secret) {
	passwords, err := passwordsOf(s)
	if err != nil || passwords[host] == "" {
		r.fault("the Secret is empty or invalid: %v", err)
		return
	}
	valid, err := accepts(ctx, aws, host, passwords[host])
	if ctx.Err() == nil && (err != nil || !valid) {
		r.fault("the registry rejects the password: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passwords[passwords[host]], r.uids[string(s.UID)] = true, true
}

func (r *secretReader) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

func (r *secretReader) fault(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// stop ends the reader, and fails the test if it saw a Secret that no pod could use.
func (r *secretReader) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	r.parts.Wait()
	if r.reads < 100 || r.events < 2 || len(r.uids) != 1 {
		t.Errorf("%d reads, %d events, %d UIDs", r.reads, r.events, len(r.uids))
	}
	for _, f := range r.faults[:min(len(r.faults), 5)] {
		t.Error(f)
	}
}
