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

// memory measures the peak memory of a hit and a miss.
func (b *bench) memory(t *table) error {
	const what, target = "peak memory, hit / miss", "≤ 7 MiB / ≤ 12 MiB"
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

// peak returns the median of the program's peak memory, in bytes. It runs the program via GNU time, because the
// kernel includes the memory of the parent process at the time of the fork, and this process uses more memory than
// the helper.
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

// size reports the size of the helper, which make builds without debug information.
func (b *bench) size(t *table) error {
	info, err := os.Stat(b.helper)
	if err != nil {
		return err
	}
	t.add("size of the stripped binary", mebibytes(info.Size()), "≤ 12 MiB")
	return nil
}
