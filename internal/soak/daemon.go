package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A daemon is the part of a run with ecr-token-refresh.
type daemon struct {
	*soak
	duration time.Duration
	targets  []target
	cluster  *cluster
	cmd      *exec.Cmd
	address  string // of its HTTP server

	samples samples
	files   fileChecks
	reloads int
}

func (s *soak) newDaemon(duration time.Duration) (*daemon, error) {
	own := *s
	own.dir = filepath.Join(s.dir, "daemon")
	d := &daemon{soak: &own, duration: duration, cluster: s.newCluster()}
	d.targets = d.newTargets()
	for _, dir := range []string{own.dir, filepath.Join(own.dir, "tmp"), d.output()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return d, errors.Join(d.configure(0), d.cluster.writeKubeconfig(d.kubeconfig()))
}

// output is the directory of the files that the program writes.
func (d *daemon) output() string { return filepath.Join(d.dir, "output") }

func (d *daemon) config() string { return filepath.Join(d.dir, "config.yaml") }

func (d *daemon) kubeconfig() string { return filepath.Join(d.dir, "kubeconfig") }

// configure writes one of the configurations. They differ in the interval and the last target.
func (d *daemon) configure(number int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "interval: %ds\nregistries:\n", 2+number%3)
	for i, t := range d.targets {
		if i < len(d.targets)-number%2 {
			b.WriteString(t.yaml)
		}
	}
	b.WriteString(d.cluster.configuration())
	next := d.config() + ".new"
	if err := os.WriteFile(next, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(next, d.config())
}

// run runs the program, deletes its files and Secrets, changes its configuration and namespaces, and measures it.
func (d *daemon) run() {
	stop, err := d.start()
	if err != nil {
		d.faults.add("ecr-token-refresh: %v", err)
		return
	}
	done := make(chan struct{})
	var all sync.WaitGroup
	for _, work := range []func(){d.checkFiles, d.cluster.checkSecrets, d.sample, d.requestPages} {
		all.Go(func() { every(done, 200*time.Millisecond, work) })
	}
	all.Go(func() { every(done, 7*time.Second, d.deleteFiles) })
	all.Go(func() { every(done, 11*time.Second, d.reload) })
	all.Go(func() { every(done, time.Second, d.cluster.change) })
	all.Go(func() { every(done, 5*time.Second, d.cluster.cutConnections) })
	time.Sleep(d.duration)
	close(done)
	all.Wait()
	stop()
	d.cluster.close()
	d.checkLeftovers()
	d.samples.check(d.faults)
}

// every calls work after each period until done is closed.
func every(done <-chan struct{}, period time.Duration, work func()) {
	for {
		select {
		case <-done:
			return
		case <-time.After(period):
			work()
		}
	}
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)|"msg":"listening","address":"([^"]+)"`)

// start starts the program, and waits until it serves its pages. The function stop ends it with SIGTERM.
func (d *daemon) start() (stop func(), err error) {
	d.cmd = exec.Command(d.refresh, "--config", d.config(), "--listen", "127.0.0.1:0")
	d.cmd.Env = append([]string{
		"HOME=" + d.dir, "TMPDIR=" + filepath.Join(d.dir, "tmp"), "HTTPS_PROXY=" + d.cloud.Proxy,
		"SSL_CERT_FILE=" + d.cloud.CAFile, "AWS_EC2_METADATA_DISABLED=true", "KUBECONFIG=" + d.kubeconfig(),
	}, keys...)
	log, err := d.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	address, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		d.readLog(log, address)
	}()
	stop = func() {
		_ = d.cmd.Process.Signal(syscall.SIGTERM)
		began := time.Now()
		<-ended
		if err := d.cmd.Wait(); err != nil || time.Since(began) > grace {
			d.faults.add("ecr-token-refresh ended %s after SIGTERM: %v", time.Since(began), err)
		}
	}
	select {
	case d.address = <-address:
		return stop, nil
	case <-time.After(10 * time.Second):
		stop()
		return nil, fmt.Errorf("it does not listen")
	}
}

// readLog reads the log of the program, in which no secret may be.
func (d *daemon) readLog(log io.Reader, address chan<- string) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		line := lines.Text()
		if m := listening.FindStringSubmatch(line); m != nil {
			select {
			case address <- m[1] + m[2]:
			default:
			}
		}
		switch {
		case containsSecret(line):
			d.faults.add("the log of ecr-token-refresh contains a secret")
		case strings.HasPrefix(line, "panic:"), strings.HasPrefix(line, "fatal error:"):
			d.faults.add("ecr-token-refresh crashed: %s", line)
		}
	}
}

// requestPages requests the pages, whose connections could leak too.
func (d *daemon) requestPages() {
	for _, page := range []string{"/status", "/readyz", "/healthz", "/health"} {
		resp, err := http.Get("http://" + d.address + page)
		if err != nil {
			d.faults.add("ecr-token-refresh: %v", err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if containsSecret(string(body)) {
			d.faults.add("%s of ecr-token-refresh contains a secret", page)
		}
	}
}

// reload changes the configuration.
func (d *daemon) reload() {
	d.reloads++
	if err := d.configure(d.reloads); err != nil {
		d.faults.add("%v", err)
	}
}

func (d *daemon) print(out io.Writer) {
	fmt.Fprintf(out, "ecr-token-refresh: %s, %d targets, %d changes of the configuration\n",
		d.duration, len(d.targets), d.reloads)
	d.files.print(out)
	d.cluster.print(out)
	d.samples.print(out)
}

// thirds returns the medians of the first and the last third of values.
func thirds[T int | int64](values []T) (first, last T) {
	n := len(values) / 3
	if n == 0 {
		return 0, 0
	}
	median := func(part []T) T { return slices.Sorted(slices.Values(part))[len(part)/2] }
	return median(values[:n]), median(values[len(values)-n:])
}
