package main

import "fmt"

// misses measures cache misses with an immediate response from AWS, relative to those of Debian's helper.
func (b *bench) misses(t *table) error {
	measured := notInstalled
	if b.debian != "" {
		ours, err := b.static(b.helper, "AWS_ECR_DISABLE_CACHE=1")
		if err != nil {
			return err
		}
		theirs, err := b.static(b.debian, "AWS_ECR_DISABLE_CACHE=1")
		if err != nil {
			return err
		}
		theirs.mayFail = true
		m, err := medians(runs, ours, theirs)
		if err != nil {
			return err
		}
		measured = ratio(m[0], m[1])
		if theirs.failed > 0 {
			measured += fmt.Sprintf("; %d more runs of Debian's helper failed", theirs.failed)
		}
	}
	t.add("miss with static keys, immediate AWS response, relative to Debian's "+debianPackage+" "+b.debianVersion,
		measured, "≤ 0.58")
	return nil
}
