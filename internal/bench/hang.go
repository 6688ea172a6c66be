package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/timelimit"
)

// hanging is how long the API hangs, from its first request.
const hanging = 12 * time.Second

// A crowd is a number of gets for the same token while the API hangs.
type crowd struct {
	size   int
	spread time.Duration // from the first to the last start
	lost   bool          // requests that the API received while it hung never get a response; otherwise at the recovery
}

// An end is how a get of a crowd ended.
type end struct {
	started, ended time.Duration // since the start of the crowd
	err            error
}

// hangs measures 150 concurrent gets.
func (b *bench) hangs(t *table) error {
	return b.crowds(t, crowd{size: 150}, crowd{size: 150, lost: true})
}

// largerHangs measures 300 concurrent gets, and 300 within 10 seconds.
func (b *bench) largerHangs(t *table) error {
	const spread = 10 * time.Second
	return b.crowds(t, crowd{size: 300}, crowd{size: 300, lost: true},
		crowd{size: 300, spread: spread}, crowd{size: 300, spread: spread, lost: true})
}

func (b *bench) crowds(t *table, crowds ...crowd) error {
	for _, c := range crowds {
		result, err := b.hang(c)
		if err != nil {
			return err
		}
		t.add(c.String(), result, fmt.Sprintf("≤ 8, all with time left (%d)", c.size))
	}
	return nil
}

func (c crowd) String() string {
	when, requests := "at the same time", "answered at the recovery"
	if c.spread > 0 {
		when = fmt.Sprintf("within %s", c.spread)
	}
	if c.lost {
		requests = "never answered"
	}
	return fmt.Sprintf("%d gets %s, API hangs for %s, requests until then are %s: API calls, served gets",
		c.size, when, hanging, requests)
}

// hang runs a crowd with a cold cache, and returns its row of the report.
func (b *bench) hang(c crowd) (result string, err error) {
	p, err := b.static(b.helper)
	if err != nil {
		return "", err
	}
	release := make(chan struct{})
	fault := awstest.Fault{Op: awstest.GetAuthorizationToken, Release: release, Hang: c.lost}
	if c.lost {
		fault.Release = nil
	}
	b.cloud.ResetCalls()
	b.cloud.Inject(fault)
	began, ends := time.Now(), make(chan []end, 1)
	go func() { ends <- c.run(p) }()
	for b.cloud.Count(awstest.GetAuthorizationToken) == 0 && len(ends) == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(hanging)
	recovery := time.Since(began)
	b.cloud.ClearFaults()
	close(release)
	result, err = c.result(<-ends, recovery)
	return fmt.Sprintf("%d, %s", b.cloud.Count(awstest.GetAuthorizationToken), result), err
}

// run starts the gets and waits until all have ended.
func (c crowd) run(p *program) []end {
	ends := make([]end, c.size)
	began := time.Now()
	var all sync.WaitGroup
	for i := range ends {
		all.Go(func() {
			time.Sleep(c.spread * time.Duration(i) / time.Duration(c.size))
			e := &ends[i]
			e.started = time.Since(began)
			_, _, e.err = p.run()
			e.ended = time.Since(began)
		})
	}
	all.Wait()
	return ends
}

// result describes how the gets ended. A get that fails before the recovery although it has time left is not served.
func (c crowd) result(ends []end, recovery time.Duration) (string, error) {
	served, expired, last := 0, 0, time.Duration(0)
	var failed *end // the first of those that had time left
	for _, e := range ends {
		if _, exited := errors.AsType[*exec.ExitError](e.err); e.err != nil && !exited {
			return "", e.err
		}
		switch {
		case e.err == nil:
			served++
			last = max(last, e.ended)
		case e.started+timelimit.Default < recovery:
			expired++
		case failed == nil || e.ended < failed.ended:
			failed = &e
		}
	}
	text := strconv.Itoa(served)
	if served > 0 {
		text += fmt.Sprintf(", the last %s after the recovery", seconds(last-recovery))
	}
	if expired > 0 {
		text += fmt.Sprintf("; %d had no time left at the recovery", expired)
	}
	if failed != nil {
		text += fmt.Sprintf("; %d failed, the first after %s", len(ends)-served-expired, seconds(failed.ended))
		fmt.Fprintf(os.Stderr, "%s: a get failed: %v\n", c, failed.err)
	}
	return text, nil
}
