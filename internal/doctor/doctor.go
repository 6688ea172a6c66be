// Package doctor checks everything between a container client and an image in Amazon ECR, and returns the next step
// for each failure. The checks run in the order in which a pull depends on them.
//
// The checks request new tokens and return no secrets: a Check contains no password and no key. They change nothing, except
// for files in the cache directory that are removed again.
package doctor

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"ecrlogin/cache"
	"ecrlogin/config"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/program"
)

// self is the name of this helper in client files: the NAME of docker-credential-NAME.
const self = program.Helper

// binary is the program that clients run.
const binary = program.Command

// example is a registry host for messages.
const example = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// A Doctor checks the setup of a client, with the settings that the helper itself uses. All fields except ConfigErr
// are required.
type Doctor struct {
	Version   string         // version of this program
	Config    *config.Config // the defaults if ConfigErr is not nil
	ConfigErr error          // why the user's configuration is invalid
	Source    *aws.Source    // requests tokens without the cache
	Cache     *cache.Cache   // the cache to check
	Timeout   time.Duration  // maximum duration of each check
}

// A Status is the outcome of a check.
type Status string

// The outcomes of a check.
const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Skipped Status = "skipped" // not applicable, or requires a check that failed
)

// A Check is the result of one check.
type Check struct {
	Name   string // one word that identifies the check
	Status Status
	Took   time.Duration
	Found  string // the finding, in one line
	Next   string // the next step; never "" if Status is Failed
}

// Registry checks everything that a pull or push needs. The argument is a registry host or an image reference. Each
// check runs when the iterator requests it.
func (d *Doctor) Registry(ctx context.Context, typed string) iter.Seq[Check] {
	e := &exam{Doctor: d}
	if e.unknown = e.aim(typed); e.unknown != nil {
		steps := []step{{name: "host", look: e.stranger}}
		if d.ConfigErr != nil {
			steps = append(steps, step{name: "configuration", look: e.configuration})
		}
		return d.run(ctx, steps)
	}
	return d.run(ctx, d.withUser(e.withFallback([]step{
		{"host", nil, e.host},
		{"program", nil, e.program},
		{"docker", nil, e.docker},
		{"podman", nil, e.podman},
		{"helm", nil, e.helm},
		{"configuration", nil, e.configuration},
		{"network", []string{"configuration"}, e.network},
		{"clock", []string{"network"}, e.clock},
		{"identity", []string{"configuration", "network", "clock"}, e.identity},
		{"token", []string{"identity"}, e.askToken},
		{"registry", []string{"token"}, e.registryAnswers},
		{"image", []string{"registry"}, e.imageIsThere},
		{"cache", []string{"configuration"}, e.cache},
	})))
}

// Machine checks what applies to all registries, and whether Docker runs the helper for the registries that it can
// find.
func (d *Doctor) Machine(ctx context.Context) iter.Seq[Check] {
	e := &exam{Doctor: d}
	steps := []step{{"program", nil, e.program}}
	hosts := d.hosts()
	if len(hosts) == 0 {
		steps = append(steps, step{"docker", nil, e.docker})
	}
	for _, host := range hosts {
		of := &exam{Doctor: d}
		_ = of.aim(host) // hosts returns only hosts for which it succeeds
		steps = append(steps, step{"docker", nil, func(ctx context.Context) result {
			r := of.docker(ctx)
			r.found = host + ": " + r.found
			return r
		}})
	}
	return d.run(ctx, d.withUser(e.withFallback(append(steps,
		step{"configuration", nil, e.configuration},
		step{"cache", []string{"configuration"}, e.cache},
		step{"registry", nil, func(context.Context) result {
			return skipped("no registry specified").then("%s doctor %s/NAME:TAG", binary, example)
		}}))))
}

// A step is a check to run.
type step struct {
	name  string
	needs []string // names of checks that it requires
	look  func(context.Context) result
}

// run runs the checks one after another.
func (d *Doctor) run(ctx context.Context, steps []step) iter.Seq[Check] {
	return func(yield func(Check) bool) {
		culprit := map[string]string{} // by name: the failed check that is the reason, possibly itself
		for _, s := range steps {
			var r result
			began := time.Now()
			if failed := first(culprit, s.needs); failed != "" {
				r = skipped("skipped (%s failed)", failed)
				culprit[s.name] = failed
			} else if r = d.look(ctx, s); r.status == Failed {
				culprit[s.name] = s.name
			}
			if !yield(Check{s.name, r.status, time.Since(began), oneline.Clean(r.found), strings.TrimPrefix(oneline.Clean(r.next), "run: ")}) {
				return
			}
		}
	}
}

func (d *Doctor) look(ctx context.Context, s step) result {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	return s.look(ctx)
}

func first(culprit map[string]string, needs []string) string {
	for _, need := range needs {
		if culprit[need] != "" {
			return culprit[need]
		}
	}
	return ""
}

// A result is the outcome of one check, without its name and duration.
type result struct {
	status      Status
	found, next string
}

func ok(format string, args ...any) result {
	return result{status: OK, found: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) result {
	return result{status: Failed, found: fmt.Sprintf(format, args...)}
}

func skipped(format string, args ...any) result {
	return result{status: Skipped, found: fmt.Sprintf(format, args...)}
}

// then adds the next step.
func (r result) then(format string, args ...any) result {
	r.next = fmt.Sprintf(format, args...)
	return r
}
