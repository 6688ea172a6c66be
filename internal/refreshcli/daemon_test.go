package refreshcli

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"ecrlogin/internal/monitoring"
	"ecrlogin/internal/refreshconfig"
)

// TestStopDuringReload stops the program while it starts a new configuration.
func TestStopDuringReload(t *testing.T) {
	content := "interval: 1h\nregistries:\n- {registry: public.ecr.aws, passwordFile: " +
		filepath.Join(t.TempDir(), "password") + "}\n"
	config, err := refreshconfig.Parse("config.yaml", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	p := &Program{Env: []string{"AWS_EC2_METADATA_DISABLED=true"}}
	d := &daemon{builder: &builder{Program: p, options: new(options), log: slog.New(slog.DiscardHandler)}}
	d.monitor = monitoring.New("", d.state, nil)
	build := func() *generation {
		g, err := d.build(config, nil)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no token is requested
	d.start(ctx, build())
	for range 100 {
		g := build()
		started := make(chan struct{})
		go func() {
			defer close(started)
			d.start(ctx, g)
		}()
		for done := false; !done; {
			select {
			case <-started:
				done = true
			default:
			}
			d.wait()
		}
	}
}
