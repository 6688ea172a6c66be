// Package doctor looks for what is wrong between a client and an image in Amazon ECR, in the order in which things go wrong
// for people, and tells for each what to type next.
//
// It asks everything afresh, changes nothing but for files in the cache directory that it removes again, and shows nothing secret: neither a password nor a key is in a Check.
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
)

// self is this helper in the clients' files: the NAME of docker-credential-NAME.
const self = "ecr-login"

// binary is what clients run.
const binary = "docker-credential-" + self

// example is a registry as one is typed.
const example = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// A Doctor knows what the program would do. All fields but ConfigErr are required.
type Doctor struct {
	Version   string         // of this program
	Config    *config.Config // of no file when ConfigErr is not nil
	ConfigErr error          // why the user's configuration cannot be used
	Source    *aws.Source    // is asked, and not what the cache keeps
	Cache     *cache.Cache   // is looked at
	Timeout   time.Duration  // the longest that each check may take
}

// A Status is how a check ended.
type Status string

// The ways in which a check ends.
const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Skipped Status = "skipped" // it does not apply here, or needs one that failed
)

// A Check is one thing that was looked at.
type Check struct {
	Name   string // one word, always the same for the same thing
	Status Status
	Took   time.Duration
	Found  string // what is the case, in one line
	Next   string // what to type or do; "" if nothing, never for Failed
}

// Registry looks at all that a pull or push needs. What is typed names a registry or an image in one. Each check is made when
// it is asked for.
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

// Machine looks at what concerns every registry, and whether Docker runs the helper for those that it can find.
func (d *Doctor) Machine(ctx context.Context) iter.Seq[Check] {
	e := &exam{Doctor: d}
	steps := []step{{"program", nil, e.program}}
	hosts := d.hosts()
	if len(hosts) == 0 {
		steps = append(steps, step{"docker", nil, e.docker})
	}
	for _, host := range hosts {
		of := &exam{Doctor: d}
		_ = of.aim(host) // it has been found by that
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

// A step is a check that is to be made.
type step struct {
	name  string
	needs []string // names of checks without which it makes no sense
	look  func(context.Context) result
}

// run makes the checks one after another.
func (d *Doctor) run(ctx context.Context, steps []step) iter.Seq[Check] {
	return func(yield func(Check) bool) {
		culprit := map[string]string{} // by check: which one failed that it needs, or is itself
		for _, s := range steps {
			var r result
			began := time.Now()
			if failed := first(culprit, s.needs); failed != "" {
				r = skipped("skipped (%s failed)", failed)
				culprit[s.name] = failed
			} else if r = d.look(ctx, s); r.status == Failed {
				culprit[s.name] = s.name
			}
			if !yield(Check{s.name, r.status, time.Since(began), oneLine(r.found), strings.TrimPrefix(oneLine(r.next), "run: ")}) {
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

// A result is what one check found.
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

// then adds what to do next.
func (r result) then(format string, args ...any) result {
	r.next = fmt.Sprintf(format, args...)
	return r
}

// oneLine leaves neither line breaks nor what a terminal would act upon: some of it was written by others.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
