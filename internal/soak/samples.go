package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"ecrlogin/internal/proctable"
)

// A measure is a figure of a process over time, which must not grow.
type measure struct {
	name   string
	spare  int64 // growth that is not a fault
	values []int64
}

// samples are the measures of ecr-token-refresh.
type samples struct {
	mu  sync.Mutex
	all []measure
}

// add adds one value of each measure.
func (s *samples) add(values []measure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = values
		return
	}
	for i, v := range values {
		s.all[i].values = append(s.all[i].values, v.values...)
	}
}

// check compares the medians of the first and the last third.
func (s *samples) check(f *faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 || len(s.all[0].values) < 30 {
		f.add("too few samples of ecr-token-refresh")
	}
	for _, m := range s.all {
		if first, last := thirds(m.values); last > first+m.spare {
			f.add("ecr-token-refresh: %s grew from %d to %d (medians of the first and the last third)", m.name, first, last)
		}
	}
}

func (s *samples) print(out io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.all {
		first, last := thirds(m.values)
		fmt.Fprintf(out, "  %s: median of the first third %d, of the last third %d (%d samples)\n",
			m.name, first, last, len(m.values))
	}
}

// sample measures the process.
func (d *daemon) sample() {
	values, err := d.measure()
	if err != nil {
		d.faults.add("ecr-token-refresh: %v", err)
		return
	}
	d.samples.add(values)
}

func (d *daemon) measure() ([]measure, error) {
	descriptors, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.cmd.Process.Pid))
	if err != nil {
		return nil, err
	}
	status, err := proctable.Status(d.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	metrics, err := d.metrics("go_goroutines", "go_memstats_heap_alloc_bytes")
	if err != nil {
		return nil, err
	}
	one := func(name string, spare, value int64) measure { return measure{name, spare, []int64{value}} }
	return []measure{
		one("descriptors", 3, int64(len(descriptors))),
		one("threads", 6, status["Threads"]),
		one("goroutines", 5, metrics[0]),
		one("heap in KiB", 2<<10, metrics[1]>>10),
		one("resident memory in KiB", 8<<10, status["VmRSS"]),
	}, nil
}

// metrics returns the values of metrics without labels.
func (d *daemon) metrics(names ...string) (values []int64, err error) {
	resp, err := http.Get("http://" + d.address + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		_, rest, ok := strings.Cut("\n"+string(text), "\n"+name+" ")
		number, _, _ := strings.Cut(rest, "\n")
		value, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("/metrics has no %s: %w", name, err)
		}
		values = append(values, int64(value))
	}
	return values, nil
}
