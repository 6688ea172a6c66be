package refreshcli

import (
	"context"
	"log/slog"
	"sync"

	"ecrlogin/internal/monitoring"
	"ecrlogin/internal/refreshconfig"
)

// A daemon runs until a signal, and reloads the configuration.
type daemon struct {
	*builder
	server *server

	mu       sync.Mutex
	current  *generation
	rejected string // why the present content of the file is not in effect; "" if it is
}

// run runs the program in the mode that the options and the configuration select.
func (p *Program) run(ctx context.Context, o *options) error {
	log := o.log(p.Stderr)
	config, content, err := p.load(o)
	if err != nil {
		return err
	}
	d := &daemon{builder: &builder{Program: p, options: o, log: log}}
	d.monitor = monitoring.New(p.Version, d.state, nil)
	if o.once = o.once || o.dryRun || config.Once; o.once {
		o.unfinished.Store(true)
		if !o.logLevelSet { // the output consists of one line for each target and error
			d.log = slog.New(slog.DiscardHandler)
		}
		ctx, cancel := context.WithTimeoutCause(ctx, onceLimit, errOnceLimit)
		defer cancel()
		if o.dryRun {
			return d.dryRun(ctx, config)
		}
		return d.once(ctx, config)
	}
	d.server = newServer(d.monitor, log)
	return d.run(ctx, config, content)
}

// run runs until ctx is done.
func (d *daemon) run(ctx context.Context, config *refreshconfig.Config, content []byte) error {
	d.log.Info("starting", "version", d.Version, "config", origin(config), "files", len(config.Files),
		"secrets", len(config.Secrets), "interval", config.Interval.String())
	g, err := d.build(config, nil)
	if err != nil {
		return err
	}
	d.current = g
	if err := d.server.listen(ctx, d.listenAddress(config)); err != nil {
		return err
	}
	defer d.server.close()
	d.start(ctx, g)
	w := &watcher{path: config.Path, last: content}
	go w.run(ctx, func(content []byte, err error) { d.reload(ctx, content, err) })
	<-ctx.Done()
	d.log.Info("stopping", "cause", context.Cause(ctx).Error())
	d.wait()
	return nil
}

func (d *daemon) listenAddress(config *refreshconfig.Config) string {
	address := config.Listen
	if d.options.listen != nil {
		address = *d.options.listen
	}
	if address == "off" { // as in the file
		return ""
	}
	return address
}

// start makes a generation that was built the current one.
func (d *daemon) start(ctx context.Context, g *generation) {
	g.use()
	if c := g.cluster; c != nil && c.task == nil {
		c.task = background(ctx, c.Run)
	}
	g.task = background(ctx, g.refresher.Run)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current = g // after the start, because wait may be called at any time
}

// wait waits until the targets and the cluster have ended. If they do not, untilSignal ends the program.
func (d *daemon) wait() {
	d.mu.Lock()
	g := d.current
	d.mu.Unlock()
	<-g.done
	if g.cluster != nil {
		<-g.cluster.done
	}
}

// reload is called with a changed content of the file. An invalid one is rejected.
func (d *daemon) reload(ctx context.Context, content []byte, err error) {
	if err != nil {
		err = unreadable(err)
	} else {
		err = d.replace(ctx, content)
	}
	d.mu.Lock()
	d.rejected = ""
	if err != nil {
		d.rejected = err.Error()
	}
	d.mu.Unlock()
	if err != nil {
		d.log.Error("configuration rejected; the previous one stays in effect", "error", err.Error())
	}
}

// replace replaces the current generation by one for a new content of the file, or changes nothing.
func (d *daemon) replace(ctx context.Context, content []byte) error {
	previous := d.current // only this goroutine changes it
	config, err := refreshconfig.Parse(previous.config.Path, content)
	if err != nil {
		return err
	}
	next, err := d.build(config, previous.cluster)
	if err != nil {
		return err
	}
	if err := d.server.listen(ctx, d.listenAddress(config)); err != nil {
		return err
	}
	previous.stop()
	if ctx.Err() != nil {
		return nil
	}
	if c := previous.cluster; c != nil && c != next.cluster {
		c.cancel()
		<-c.done
	}
	next.follow(previous)
	d.start(ctx, next)
	d.log.Info("configuration loaded", "config", config.Path, "files", len(config.Files), "secrets", len(config.Secrets),
		"interval", config.Interval.String())
	return nil
}

// state returns what the HTTP pages show.
func (d *daemon) state() monitoring.State {
	d.mu.Lock()
	g, rejected := d.current, d.rejected
	d.mu.Unlock()
	if g == nil {
		return monitoring.State{}
	}
	s := monitoring.State{
		Refresh: g.status(), Interval: g.config.Interval,
		Config: monitoring.Config{Path: g.config.Path, Loaded: g.loaded, Error: rejected},
	}
	if c := g.cluster; c != nil {
		status := c.Status()
		s.Cluster = &monitoring.Cluster{
			Synced: status.Synced, Leading: status.Leading, Holder: status.Holder, WatchAge: status.WatchAge,
			Ready: c.Ready(), Healthy: c.Healthy(), Error: status.Error,
		}
	}
	return s
}
