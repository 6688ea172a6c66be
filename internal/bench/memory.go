package main

import "os"

// memoryRuns is the number of runs for a median of memory, which varies little.
const memoryRuns = 20

// memory measures the memory of a hit and a miss: the peak of all memory, and the anonymous memory when it prints.
func (b *bench) memory(t *table) error {
	for _, m := range []struct {
		what, target, disable string
	}{
		{"hit", "≤ 7 MiB", ""},
		{"miss", "≤ 14.5 MiB / ≤ 5 MiB", "1"},
	} {
		p, err := b.static(b.pagedHelper, "AWS_ECR_DISABLE_CACHE="+m.disable)
		if err != nil {
			return err
		}
		if err := p.warm(); err != nil {
			return err
		}
		measured := "not measured, because this requires Linux"
		if measurable {
			total, anonymous, err := memoryOf(p)
			if err != nil {
				return err
			}
			measured = mebibytes(total) + " / " + mebibytes(anonymous)
		}
		t.add("memory of a "+m.what+": peak / anonymous when it prints", measured, m.target)
	}
	return nil
}

// memoryOf returns the medians of a program's peak memory and of its anonymous memory when it prints, in bytes.
// Anonymous memory is the heap, the stacks and changed data. The kernel records no peak of it, but Go returns none to
// the system in such a short time.
func memoryOf(p *program) (total, anonymous int64, err error) {
	var totals, anonymouses []int64
	for range memoryRuns {
		status, err := p.statusWhenPrinting()
		if err != nil {
			return 0, 0, err
		}
		totals, anonymouses = append(totals, status["VmHWM"]<<10), append(anonymouses, status["RssAnon"]<<10)
	}
	return median(totals), median(anonymouses), nil
}

// size reports the size of the helper, which make builds without debug information.
func (b *bench) size(t *table) error {
	size, err := sizeOf(b.helper)
	t.add("size of the stripped binary", size, "≤ 11.7 MiB")
	return err
}

// sizeOf returns the size of a file for the report.
func sizeOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return mebibytes(info.Size()), nil
}
