package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// A table is the report. Each row contains a measurement, the measured figure, and the target.
type table [][3]string

func (t *table) add(what, measured, target string) {
	*t = append(*t, [3]string{what, measured, target})
}

func (t *table) print(out io.Writer, second, third string) error {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "| measurement\t| %s\t| %s\t|\n| ---\t| ---\t| ---\t|\n", second, third)
	for _, row := range *t {
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t|\n", row[0], row[1], row[2])
	}
	return w.Flush()
}

// ratio formats d as a multiple of base, with both durations.
func ratio(d, base time.Duration) string {
	return fmt.Sprintf("%.2f (%s / %s)", float64(d)/float64(base), milliseconds(d), milliseconds(base))
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func mebibytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
