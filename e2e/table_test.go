package e2e

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tableVariable names a document whose table is to be replaced by the one just
// measured. Otherwise it is only printed: versions differ by machine.
const tableVariable = "E2E_TABLE"

// The table stands between these lines of the document.
const (
	tableBegin = "<!-- e2e table: begin -->"
	tableEnd   = "<!-- e2e table: end -->"
)

// A table tells what each client could do.
type table []*row

type row struct {
	client          client
	version         string
	push, pull, run tally
	ref, denied     string // an image, and the output of its pull when AWS denied it
}

// A tally counts how often something was done and worked.
type tally struct{ tried, worked int }

// step runs f as a subtest and counts it.
func (n *tally) step(t *testing.T, name string, f func(*testing.T)) bool {
	n.tried++
	ok := t.Run(name, f)
	if ok {
		n.worked++
	}
	return ok
}

func (n tally) String() string {
	switch n.tried {
	case 0:
		return "–"
	case n.worked:
		return "yes"
	}
	return fmt.Sprintf("%d of %d", n.worked, n.tried)
}

// publish prints the table and, if asked to, puts it into the document; it then has to
// tell of as many clients as there are, with nothing left out by a filter on tests.
func (rows table) publish(t *testing.T, clients int) {
	t.Helper()
	markdown := rows.markdown()
	fmt.Print("\n", markdown, "\n")
	document := os.Getenv(tableVariable)
	if document == "" || t.Failed() {
		return
	}
	if len(rows) != clients || slices.ContainsFunc(rows, func(r *row) bool { return r.denied == "" }) {
		t.Fatalf("%s is not updated from a run of some of the tests only", document)
	}
	old, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := bytes.Cut(old, []byte(tableBegin+"\n"))
	_, after, ends := bytes.Cut(rest, []byte(tableEnd))
	if !begins || !ends {
		t.Fatalf("%s has no lines %q and %q", document, tableBegin, tableEnd)
	}
	updated := slices.Concat(before, []byte(tableBegin+"\n"+markdown+tableEnd), after)
	if err := os.WriteFile(document, updated, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (rows table) markdown() string {
	var b strings.Builder
	b.WriteString("| Client | Version | Configured by | Push | Pull | Run | A denied pull prints |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | `%s`, `%s` | %s | %s | %s | %s |\n", r.client.title, strings.TrimSpace(r.version),
			credHelpers, r.client.central, r.push, r.pull, r.run, r.denial())
	}
	for _, r := range rows[:min(1, len(rows))] {
		fmt.Fprintf(&b, "\nSENTENCE is the error message of the helper:\n\n    %s\n", denial(r.denied))
	}
	b.WriteString("\nPodman, Buildah and Skopeo do not support `credsStore`. For them, `registries.conf` sets the helper for all registries.\n")
	return b.String()
}

// timestamp is how lines of a log begin.
var timestamp = regexp.MustCompile(`^time="[^"]*" `)

// denial is what the user sees of the denied pull: the lines that hold the helper's
// sentence, and the last one. Each is shown once, without what differs from run to run.
func (r *row) denial() string {
	sentence := denial(r.denied)
	if sentence == "" {
		return "–"
	}
	_, name, _ := strings.Cut(strings.TrimSuffix(r.ref, ":1"), "/")
	short := strings.NewReplacer(
		sentence, "SENTENCE",
		strings.ReplaceAll(sentence, `"`, `\"`), "SENTENCE", // within a quoted string
		r.ref, "IMAGE", name, "NAME")
	var shown []string
	lines := strings.Split(strings.TrimSpace(r.denied), "\n")
	for i, line := range lines {
		line = short.Replace(timestamp.ReplaceAllString(strings.TrimSpace(line), ""))
		if (i == len(lines)-1 || strings.Contains(line, "SENTENCE")) && !slices.Contains(shown, line) {
			shown = append(shown, line)
		}
	}
	// Two backticks, because the lines hold single ones.
	return "`` " + strings.ReplaceAll(strings.Join(shown, " ``<br>`` "), "|", `\|`) + " ``"
}
