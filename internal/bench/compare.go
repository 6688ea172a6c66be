package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ecrlogin/internal/awstest"
)

// comparedRuns is the number of runs of each program for a median of a comparison.
const comparedRuns = 100

// compare measures the helper and other programs, which are NAME=PATH, with the same requests in turns. It prints a table
// for each of them. A file named ecr-credential-provider gets requests of the kubelet.
func (b *bench) compare(out io.Writer, others []string) error {
	for _, other := range others {
		name, path, ok := strings.Cut(other, "=")
		if !ok {
			return fmt.Errorf("invalid argument %q; specify NAME=PATH", other)
		}
		var t table
		if err := b.compareWith(&t, path); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintln(out)
		if err := t.print(out, "this program", name); err != nil {
			return err
		}
	}
	return nil
}

// compareWith measures the helper and another program.
func (b *bench) compareWith(t *table, path string) error {
	ours, kind := b.helper, b.static
	if filepath.Base(path) == "ecr-credential-provider" {
		ours, kind = b.provider, b.kubeletRequest
	}
	theirs, err := b.installAlone(path, installed)
	if err != nil {
		return err
	}
	programs := [2]string{ours, theirs}
	for _, m := range []struct {
		what    string
		measure func(kind newProgram, programs [2]string) ([2]string, error)
	}{
		{"second request with keys, median time", b.compareHits},
		{"request without a cached token, median time", b.compareMisses},
		{"calls to AWS of a second request with a role profile", b.compareRoleCalls},
		{"100 concurrent requests without a cached token: calls to AWS, failed requests", b.compareCrowds},
		{"peak memory of a second request", b.compareMemory},
		{"size of the program", b.compareSizes},
	} {
		results, err := m.measure(kind, programs)
		if err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
		t.add(m.what, results[0], results[1])
	}
	return nil
}

// installAlone is install with a new directory, so that the copy has the name that the kubelet runs.
func (b *bench) installAlone(path string, size int) (string, error) {
	dir, err := b.newHome()
	if err != nil {
		return "", err
	}
	return b.install(path, filepath.Join(filepath.Base(dir), filepath.Base(path)), size)
}

// A newProgram returns a request to a program with keys in the environment, more variables, and a new home directory.
type newProgram func(path string, more ...string) (*program, error)

// kubeletRequest is a newProgram for requests of the kubelet.
func (b *bench) kubeletRequest(path string, more ...string) (*program, error) {
	p, err := b.static(path, more...)
	if err != nil {
		return nil, err
	}
	p.args, p.stdin, p.check = nil, kubeletInput, checkKubelet
	return p, nil
}

// pair returns the requests to both programs. Runs of the other one may fail, and its standard error is ignored.
func pair(kind newProgram, paths [2]string, more ...string) (programs []*program, err error) {
	for i, path := range paths {
		p, err := kind(path, more...)
		if err != nil {
			return nil, err
		}
		p.mayFail, p.ignoreStderr = i == 1, i == 1
		programs = append(programs, p)
	}
	return programs, nil
}

func (b *bench) compareHits(kind newProgram, paths [2]string) ([2]string, error) {
	return compareTimes(kind, paths, "AWS_ECR_DISABLE_CACHE=")
}

func (b *bench) compareMisses(kind newProgram, paths [2]string) ([2]string, error) {
	return compareTimes(kind, paths, "AWS_ECR_DISABLE_CACHE=1")
}

// compareTimes measures requests after a first one.
func compareTimes(kind newProgram, paths [2]string, more string) (results [2]string, err error) {
	programs, err := pair(kind, paths, more)
	if err != nil {
		return results, err
	}
	for _, p := range programs {
		if _, err := p.measure(); err != nil {
			return results, err
		}
	}
	m, err := medians(comparedRuns, programs...)
	if err != nil {
		return results, err
	}
	results = [2]string{milliseconds(m[0]), fmt.Sprintf("%s; this program takes %.2f of it", milliseconds(m[1]), float64(m[0])/float64(m[1]))}
	if failed := programs[1].failed; failed > 0 {
		results[1] += fmt.Sprintf("; %d more runs failed", failed)
	}
	return results, nil
}

// compareRoleCalls counts the calls of a request with a profile that assumes a role, after a first request.
func (b *bench) compareRoleCalls(kind newProgram, paths [2]string) (results [2]string, err error) {
	profile, err := b.roleProfile(b.dir)
	if err != nil {
		return results, err
	}
	programs, err := pair(kind, paths, append(profile, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")...)
	if err != nil {
		return results, err
	}
	for i, p := range programs {
		if _, err := p.measure(); err != nil {
			return results, err
		}
		b.cloud.ResetCalls()
		if _, err := p.measure(); err != nil {
			return results, err
		}
		results[i] = fmt.Sprintf("%d", len(b.cloud.Calls()))
	}
	return results, nil
}

// compareCrowds counts the calls of concurrent processes for the same host, if AWS responds in 200 ms.
func (b *bench) compareCrowds(kind newProgram, paths [2]string) (results [2]string, err error) {
	b.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Delay: 200 * time.Millisecond})
	defer b.cloud.ClearFaults()
	programs, err := pair(kind, paths)
	if err != nil {
		return results, err
	}
	for i, p := range programs {
		b.cloud.ResetCalls()
		served := slices.DeleteFunc(crowd{size: 100}.run(p), func(e end) bool { return e.err != nil })
		results[i] = fmt.Sprintf("%d, %d", len(b.cloud.Calls()), 100-len(served))
	}
	return results, nil
}

// compareMemory measures copies that were written in pages; see paged.
func (b *bench) compareMemory(kind newProgram, paths [2]string) (results [2]string, err error) {
	if !measurable {
		return results, errors.New("memory is measured on Linux only")
	}
	for i, path := range paths {
		if paths[i], err = b.installAlone(path, paged); err != nil {
			return results, err
		}
	}
	programs, err := pair(kind, paths)
	if err != nil {
		return results, err
	}
	for i, p := range programs {
		if _, err := p.measure(); err != nil {
			return results, err
		}
		peak, _, err := memoryOf(p)
		if err != nil {
			return results, err
		}
		results[i] = mebibytes(peak)
	}
	return results, nil
}

func (b *bench) compareSizes(_ newProgram, paths [2]string) (results [2]string, err error) {
	for i, path := range paths {
		if results[i], err = sizeOf(path); err != nil {
			return results, err
		}
	}
	return results, nil
}
