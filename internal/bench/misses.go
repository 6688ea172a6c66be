package main

import (
	"fmt"
	"time"
)

// misses measures cache misses with an immediate response from AWS.
func (b *bench) misses(t *table) error {
	ours, err := b.static(b.helper, "AWS_ECR_DISABLE_CACHE=1")
	if err != nil {
		return err
	}
	programs := []*program{ours}
	if b.debian != "" {
		theirs, err := b.static(b.debian, "AWS_ECR_DISABLE_CACHE=1")
		if err != nil {
			return err
		}
		theirs.mayFail = true
		programs = append(programs, theirs)
	}
	m, err := medians(runs, programs...)
	if err != nil {
		return err
	}
	measured := against(m[0], m[1:])
	if failed := programs[len(programs)-1].failed; failed > 0 {
		measured += fmt.Sprintf("; %d more runs of Debian's helper failed", failed)
	}
	t.add("miss with static keys, immediate AWS response, relative to Debian's "+debianPackage+" "+b.debianVersion,
		measured, "≤ 0.58")
	return nil
}

// against returns the ratio of d to the time of Debian's helper, if that was measured.
func against(d time.Duration, theirs []time.Duration) string {
	if len(theirs) == 0 {
		return "not installed: apt-get install " + debianPackage
	}
	return ratio(d, theirs[0])
}
