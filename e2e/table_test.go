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

// tableVariable is the path of a document in which the table is replaced. If it is not set, the table is only printed,
// because the versions depend on the machine.
const tableVariable = "E2E_TABLE"

// These lines of the document enclose the table.
const (
	tableBegin = "<!-- e2e table: begin -->"
	tableEnd   = "<!-- e2e table: end -->"
)

// A table contains the results of each client.
type table []*row

type row struct {
	client          client
	version         string
	push, pull, run tally
	ref, denied     string // an image, and the output of its pull when AWS denies the token
}

// A tally counts attempts and successes.
type tally struct{ attempts, successes int }

// step runs f as a subtest and counts it.
func (n *tally) step(t *testing.T, name string, f func(*testing.T)) bool {
	n.attempts++
	ok := t.Run(name, f)
	if ok {
		n.successes++
	}
	return ok
}

func (n tally) String() string {
	switch n.attempts {
	case 0:
		return "–"
	case n.successes:
		return "yes"
	}
	return fmt.Sprintf("%d of %d", n.successes, n.attempts)
}

// publish prints the table. If tableVariable is set, it also writes the table to the document. The table must then be
// complete, which it is not if go test -run selects some of the tests.
func (rows table) publish(t *testing.T, clients int) {
	t.Helper()
	markdown := rows.markdown()
	fmt.Print("\n", markdown, "\n")
	document := os.Getenv(tableVariable)
	if document == "" || t.Failed() {
		return
	}
	if len(rows) != clients || slices.ContainsFunc(rows, func(r *row) bool { return r.denied == "" }) {
		t.Fatalf("%s is not updated, because some tests did not run", document)
	}
	old, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := bytes.Cut(old, []byte(tableBegin+"\n"))
	_, after, ends := bytes.Cut(rest, []byte(tableEnd))
	if !begins || !ends {
		t.Fatalf("%s does not contain the lines %q and %q", document, tableBegin, tableEnd)
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
		settings := "`" + string(credHelpers) + "`"
		if r.client.allHosts != "" {
			settings += ", `" + string(r.client.allHosts) + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.client.title, strings.TrimSpace(r.version),
			settings, r.push, r.pull, r.run, r.deniedOutput())
	}
	for _, r := range rows[:min(1, len(rows))] {
		fmt.Fprintf(&b, "\nSENTENCE is the error message of the helper:\n\n    %s\n", deniedLine(r.denied))
	}
	b.WriteString("\nPodman, Buildah and Skopeo do not support `credsStore`. For them, `registries.conf` sets the helper for all registries.\n")
	return b.String()
}

// timestamp matches the start of a log line.
var timestamp = regexp.MustCompile(`^time="[^"]*" `)

// deniedOutput returns the output of the denied pull: the lines with the helper's error, and the last line. Duplicate
// lines and variable parts are removed.
func (r *row) deniedOutput() string {
	sentence := deniedLine(r.denied)
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
	// Two backticks, because the lines contain single ones.
	return "`` " + strings.ReplaceAll(strings.Join(shown, " ``<br>`` "), "|", `\|`) + " ``"
}
