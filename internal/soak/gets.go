package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// gets is the part of a run that requests passwords.
type gets struct {
	*soak
	duration time.Duration
	clients  []client
	wipes    wipes

	mu       sync.Mutex
	started  int
	served   map[string]int // by client
	failed   map[string]int
	shortest time.Duration // until a password expired that was printed
	longest  time.Duration // of a process
	logins   int           // cycles of docker login and logout
	sizes    []int         // files in the cache directory that is not damaged, each second
}

func (s *soak) newGets(duration time.Duration) (*gets, error) {
	own := *s
	own.dir = filepath.Join(s.dir, "gets")
	if err := os.Mkdir(own.dir, 0o700); err != nil {
		return nil, err
	}
	g := &gets{
		soak: &own, duration: duration, served: map[string]int{}, failed: map[string]int{}, shortest: life,
	}
	var err error
	g.clients, err = g.newClients()
	return g, err
}

// run runs the crowds, deletes the cache directory now and then, and looks for files and processes that are left.
func (g *gets) run() {
	end := time.Now().Add(g.duration)
	var crowds, others sync.WaitGroup
	done := make(chan struct{})
	others.Go(func() { g.wipe(done) })
	others.Go(func() { g.login(done) })
	others.Go(func() { g.watch(done) })
	total := int(perMinute * g.duration.Minutes())
	period := crowd * time.Minute / perMinute
	began := time.Now()
	for worker := range crowd {
		crowds.Go(func() {
			for round := 0; round*crowd+worker < total; round++ {
				time.Sleep(time.Until(began.Add(time.Duration(round) * period)))
				g.get(g.choose(round))
			}
		})
	}
	crowds.Wait()
	time.Sleep(time.Until(end))
	close(done)
	others.Wait()
	g.checkFiles()
	g.checkProcesses()
	g.checkServed()
}

// checkServed checks that most gets got a password, without which nothing would have been checked.
func (g *gets) checkServed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	served := 0
	for _, n := range g.served {
		served += n
	}
	if served < g.started/2 || g.started == 0 || g.logins == 0 {
		g.faults.add("only %d of %d gets and %d logins succeeded", served, g.started, g.logins)
	}
}

// choose returns the client of a get. In each fifth round, all processes use the same client and the same cache.
func (g *gets) choose(round int) client {
	number, steady := rand.IntN(len(g.clients)), rand.IntN(2)
	if round%5 == 0 {
		number, steady = round/5%len(g.clients), round/5/len(g.clients)%2
	}
	if steady == 1 {
		return g.inSteady(g.clients[number])
	}
	return g.clients[number]
}

// get requests a password and checks it.
func (g *gets) get(c client) {
	o := execute(c.path, c.args, c.env, c.stdin)
	v, err := c.check(g.cloud, o)
	if err != nil {
		g.faults.add("%s: %s: %v", time.Now().Format(time.TimeOnly), c.name, err)
	}
	if o.errOut != "" {
		g.faults.count(strings.TrimSpace(o.errOut))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.started++
	g.longest = max(g.longest, o.took)
	if !v.served {
		g.failed[c.name]++
		return
	}
	g.served[c.name]++
	g.shortest = min(g.shortest, v.left)
}

func (g *gets) print(out io.Writer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	fmt.Fprintf(out, "helper: %d gets, %d at the same time, in %s; longest process: %s; shortest remaining lifetime of a printed password: %s\n",
		g.started, crowd, g.duration, g.longest.Round(time.Millisecond), g.shortest.Round(time.Millisecond))
	for _, c := range g.clients {
		fmt.Fprintf(out, "  %s: %d served, %d failed because of AWS\n", c.name, g.served[c.name], g.failed[c.name])
	}
	first, last := thirds(g.sizes)
	fmt.Fprintf(out, "  docker login, list and logout: %d times\n  cache directory: %s\n"+
		"  files in the other cache directory: at most %d, median in the first third %d, in the last third %d\n",
		g.logins, &g.wipes, slices.Max(append(g.sizes, 0)), first, last)
	fmt.Fprintln(out, "  messages:")
	g.faults.print(out)
}
