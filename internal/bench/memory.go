package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// timePackage is the Debian package of GNU time.
const timePackage = "time"

// memory measures how much memory a hit and a miss have at most.
func (b *bench) memory(t *table) error {
	const what, target = "peak memory of a hit / of a miss", "≤ 7 MiB / ≤ 12 MiB"
	if _, ok := packageVersion(timePackage); !ok {
		t.add(what, notInstalled(timePackage), target)
		return nil
	}
	hit, err := b.static(b.helper)
	if err != nil {
		return err
	}
	if err := hit.warm(); err != nil {
		return err
	}
	miss, err := b.static(b.helper, "AWS_ECR_DISABLE_CACHE=1")
	if err != nil {
		return err
	}
	ofHit, err := b.peak(hit)
	if err != nil {
		return err
	}
	ofMiss, err := b.peak(miss)
	if err != nil {
		return err
	}
	t.add(what, mebibytes(ofHit)+" / "+mebibytes(ofMiss), target)
	return nil
}

// peak returns the median of the program's peak memory, in bytes. GNU time starts the program, because the kernel counts
// the memory of whoever starts a program as the program's, and this process has more than what is to be measured.
func (b *bench) peak(p *program) (int64, error) {
	file := filepath.Join(b.dir, "peak")
	timed := *p
	timed.path = "/usr/bin/time"
	timed.args = slices.Concat([]string{"--format=%M", "--output=" + file, p.path}, p.args)
	var peaks []int64
	for range runs {
		if _, _, err := timed.run(); err != nil {
			return 0, err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		kibibytes, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("GNU time: %w", err)
		}
		peaks = append(peaks, kibibytes<<10)
	}
	return median(peaks), nil
}

// size adds the size of the helper, which make has stripped.
func (b *bench) size(t *table) error {
	info, err := os.Stat(b.helper)
	if err != nil {
		return err
	}
	t.add("binary, stripped", mebibytes(info.Size()), "≤ 12 MiB")
	return nil
}
