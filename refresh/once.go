package refresh

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// onceLimit is the time limit of Apply if everything is done once, since there is no other attempt.
const onceLimit = 10 * time.Minute

// Once requests each token once and applies each target once. The error joins one error for each target or place that
// was not written completely, each of them one line.
func (r *Refresher) Once(ctx context.Context) error {
	r.start()
	requested := map[*login]chan struct{}{}
	var running sync.WaitGroup
	for _, l := range r.logins {
		done := make(chan struct{})
		requested[l] = done
		running.Go(func() {
			defer close(done)
			r.request(ctx, l)
		})
	}
	errs := make([]error, len(r.targets))
	for i, t := range r.targets {
		running.Go(func() {
			for _, l := range t.logins {
				<-requested[l]
			}
			errs[i] = r.applyOnce(ctx, t)
		})
	}
	running.Wait()
	return errors.Join(append(errs, context.Cause(ctx))...)
}

// applyOnce applies a target.
func (r *Refresher) applyOnce(ctx context.Context, t *target) error {
	var errs []error
	add := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s %s: "+format, append([]any{t.Kind(), t.Name()}, args...)...))
	}
	r.mu.Lock()
	c, tokens, _ := t.credentials(r.now())
	for _, l := range t.logins {
		if l.err != nil {
			add("%w", l.err)
		}
	}
	r.mu.Unlock()
	if len(c) == 0 {
		return errors.Join(errs...)
	}
	ctx, cancel := context.WithTimeout(ctx, onceLimit)
	defer cancel()
	if r.apply(ctx, t, c, tokens, onceLimit); t.err != nil {
		add("%w", t.err)
	}
	if reporter, ok := t.Target.(Reporter); ok {
		report := reporter.Report()
		for _, f := range report.Failing {
			add("%s: %s", f.Place, f.Error)
		}
		if report.Pending > 0 {
			add("not written in time to %d places", report.Pending)
		}
	}
	return errors.Join(errs...)
}
