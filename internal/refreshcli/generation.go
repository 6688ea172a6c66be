package refreshcli

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/monitoring"
	"ecrlogin/internal/program"
	"ecrlogin/internal/refreshconfig"
	"ecrlogin/refresh"
	"ecrlogin/refresh/file"
	"ecrlogin/refresh/kubernetes"
	"ecrlogin/registry"
)

// A builder creates what a configuration describes.
type builder struct {
	*Program
	options *options
	log     *slog.Logger
	monitor *monitoring.Monitor
}

// A cluster is a connection to a Kubernetes cluster, which is used by successive configurations.
type cluster struct {
	*kubernetes.Cluster
	*task                     // Run; nil before it starts
	host  string              // of the API server
	lease refreshconfig.Lease // for which it was created
}

// A generation is a configuration and what was created for it.
type generation struct {
	*task     // Run of refresher; nil before it starts
	config    *refreshconfig.Config
	loaded    time.Time
	refresher *refresh.Refresher
	cluster   *cluster // nil without Secrets
	secrets   []*kubernetes.Secret
	before    map[targetKey]refresh.TargetStatus // the last status of the generation before
}

// A targetKey identifies a target.
type targetKey struct{ kind, name string }

// build creates a generation. It uses a cluster that exists if it has the same lease; nil for none. In a builder for
// --once, the cluster has no lease.
func (b *builder) build(config *refreshconfig.Config, existing *cluster) (*generation, error) {
	g := &generation{config: config, loaded: time.Now()}
	var targets []refresh.Target
	for _, f := range config.Files {
		targets = append(targets, b.file(f))
	}
	if len(config.Secrets) > 0 {
		var err error
		if g.cluster, err = b.connect(config.Lease, existing); err != nil {
			return nil, err
		}
		for _, rule := range config.Secrets {
			secret, err := g.cluster.Secret(rule)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", origin(config), err)
			}
			g.secrets = append(g.secrets, secret)
			targets = append(targets, secret)
		}
	}
	host := ""
	if g.cluster != nil {
		host = g.cluster.host
	}
	g.refresher = &refresh.Refresher{
		Targets: targets, Interval: config.Interval, Source: b.source, Jitter: refresh.Jitter(host, b.replica()), Log: b.log,
	}
	return g, nil
}

func (b *builder) file(f refreshconfig.File) refresh.Target {
	o := file.Options{
		Path: f.Path, Login: f.Login, Mode: f.Mode, Owner: f.Owner, Group: f.Group, Legacy: f.Legacy, Log: b.log,
	}
	if f.DockerConfig {
		return file.NewDockerConfig(o)
	}
	return file.NewPassword(o)
}

// connect returns a cluster with a lease, and contacts nothing.
func (b *builder) connect(lease refreshconfig.Lease, existing *cluster) (*cluster, error) {
	if existing != nil && existing.lease == lease {
		return existing, nil
	}
	config, err := b.restConfig()
	if err != nil {
		return nil, err
	}
	o := kubernetes.Options{
		Config: config, Once: b.options.once, Installation: b.installation(lease), Log: b.log,
	}
	if !b.options.once {
		o.Lease = b.lease(lease)
	}
	c, err := kubernetes.NewCluster(o)
	if err != nil {
		return nil, err
	}
	return &cluster{Cluster: c, host: config.Host, lease: lease}, nil
}

// source returns a Source for an identity that counts requests.
func (b *builder) source(id credentials.Identity) credentials.Source {
	return b.monitor.Source(b.aws(id), monitoring.Label(id))
}

// aws returns a Source that logs its steps if debug messages are enabled. The Refresher logs the result.
func (b *builder) aws(id credentials.Identity) *aws.Source {
	s := &aws.Source{
		Identity: func(registry.Registry) credentials.Identity { return id },
		AppID:    program.Refresh + "/" + b.Version,
	}
	if b.log.Enabled(context.Background(), slog.LevelDebug) {
		s.Log = b.log
	}
	return s
}

// use puts the Secrets into effect.
func (g *generation) use() {
	if g.cluster != nil {
		g.cluster.Use(g.secrets)
	}
}

// A task is a function that runs in the background.
type task struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the function has returned
}

// background starts a function, whose context ends when ctx is done or cancel is called.
func background(ctx context.Context, run func(context.Context)) *task {
	ctx, cancel := context.WithCancel(ctx)
	t := &task{cancel, make(chan struct{})}
	go func() {
		defer close(t.done)
		run(ctx)
	}()
	return t
}

// stopLimit is how long stop waits. A target that hangs may still be writing then. That is harmless, because every
// place is replaced atomically with a valid password.
const stopLimit = 10 * time.Second

// stop ends the Refresher.
func (g *generation) stop() {
	g.cancel()
	select {
	case <-g.done:
	case <-time.After(stopLimit):
	}
}

// status returns the status of the targets. Until a target was applied for the first time, it shows when the generation
// before applied it, so that a reload does not make a valid password seem missing.
func (g *generation) status() refresh.Status {
	s := g.refresher.Status()
	for i, t := range s.Targets {
		if before, ok := g.before[targetKey{t.Kind, t.Name}]; ok && t.Applied.IsZero() {
			s.Targets[i].Applied, s.Targets[i].Expiry, s.Targets[i].Took = before.Applied, before.Expiry, before.Took
		}
	}
	return s
}

// follow makes a generation use the tokens and the status of the one before, which has been stopped.
func (g *generation) follow(previous *generation) {
	g.refresher.Previous = previous.refresher
	g.before = map[targetKey]refresh.TargetStatus{}
	for _, t := range previous.status().Targets {
		g.before[targetKey{t.Kind, t.Name}] = t
	}
}
