package main

import (
	"fmt"
	"os/exec"
)

// debianPackage is the Debian package of the helper that is measured if it is installed.
const debianPackage = "amazon-ecr-credential-helper"

// installedVersion returns the version of debianPackage; "" if it is not installed, or if the system is not Debian.
func installedVersion() string {
	version, err := exec.Command("dpkg-query", "--show", "--showformat=${Version}", debianPackage).Output()
	if err != nil {
		return ""
	}
	return string(version)
}

// misses measures cache misses with an immediate response from AWS, relative to those of Debian's helper.
func (b *bench) misses(t *table) error {
	return b.compareWithDebian(t, "miss with static keys, immediate AWS response", "≤ 0.58",
		func(*program) error { return nil }, "AWS_ECR_DISABLE_CACHE=1")
}

// compareWithDebian measures gets with more variables, relative to those of Debian's helper. It first calls prepare for
// both programs.
func (b *bench) compareWithDebian(
	t *table, what, target string, prepare func(*program) error, more ...string,
) error {
	measured := "not installed: apt-get install " + debianPackage
	if b.debian != "" {
		programs, err := pair(b.static, [2]string{b.helper, b.debian}, more...)
		if err != nil {
			return err
		}
		for _, p := range programs {
			if err := prepare(p); err != nil {
				return err
			}
		}
		m, err := medians(runs, programs...)
		if err != nil {
			return err
		}
		measured = ratio(m[0], m[1])
		if failed := programs[1].failed; failed > 0 {
			measured += fmt.Sprintf("; %d more runs of Debian's helper failed", failed)
		}
	}
	t.add(what+", relative to Debian's "+debianPackage+" "+b.debianVersion, measured, target)
	return nil
}
