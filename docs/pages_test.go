package docs_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pages returns the paths of all Markdown files of the repository, relative to this directory.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "bin", "dist", "testdata", "node_modules"}, d.Name()) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			page, err := filepath.Rel(".", path)
			all = append(all, filepath.ToSlash(page))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 15 {
		t.Fatalf("only these pages were found: %v", all)
	}
	return all
}

// A codeBlock is a fenced or an indented block of a page.
type codeBlock struct {
	info  string // the words after the fence; "" for an indented block
	text  string // without indentation; each line ends with a newline
	line  int    // of the first line of the text
	after int    // the line after the block
}

var (
	fence  = regexp.MustCompile("^( *)(```+|~~~+) *([^`]*)$")
	indent = regexp.MustCompile(`^ {4,}`)
)

// codeBlocks returns the code blocks of a page, and its other text, in which each code block is an empty line.
func codeBlocks(doc string) (blocks []codeBlock, prose string) {
	lines := strings.Split(strings.TrimSuffix(doc, "\n"), "\n")
	for i := 0; i < len(lines); {
		b := codeBlock{line: i + 1}
		if m := fence.FindStringSubmatch(lines[i]); m != nil {
			b.info, b.line = strings.TrimSpace(m[3]), i+2
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != m[2]; i++ {
				b.text += strings.TrimPrefix(lines[i], m[1]) + "\n"
			}
			i++
		} else if prefix := indent.FindString(lines[i]); prefix != "" && (i == 0 || !isText(lines[i-1])) {
			for ; i < len(lines) && (strings.HasPrefix(lines[i], prefix) || lines[i] == ""); i++ {
				b.text += strings.TrimPrefix(lines[i], prefix) + "\n"
			}
			b.text = strings.TrimRight(b.text, "\n") + "\n"
		} else {
			prose += lines[i] + "\n"
			i++
			continue
		}
		b.after = i + 1
		prose += "\n"
		blocks = append(blocks, b)
	}
	return blocks, prose
}

// isText reports whether an indented line after this line continues a paragraph.
func isText(line string) bool { return line != "" && !strings.HasPrefix(line, "<!--") }

var (
	link    = regexp.MustCompile(`\]\(([^)#: ]*)(?:#([^) ]*))?\)`)
	source  = regexp.MustCompile(`(?:src|srcset|href)="([^"#:]*)(?:#([^"]*))?"`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	mark    = regexp.MustCompile(`[^\pL\pN _-]`)
)

// anchors returns the anchors of the headings of a page, as GitHub generates them.
func anchors(doc string) []string {
	var all []string
	_, prose := codeBlocks(doc)
	for _, m := range heading.FindAllStringSubmatch(prose, -1) {
		anchor := strings.ReplaceAll(mark.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		for n, first := 1, anchor; slices.Contains(all, anchor); n++ {
			anchor = first + "-" + strconv.Itoa(n)
		}
		all = append(all, anchor)
	}
	return all
}

// TestLinks checks that every linked file and heading exists.
func TestLinks(t *testing.T) {
	checked := 0
	for _, page := range pages(t) {
		_, prose := codeBlocks(read(t, page))
		for _, m := range append(link.FindAllStringSubmatch(prose, -1), source.FindAllStringSubmatch(prose, -1)...) {
			target := page
			if m[1] != "" {
				target = path.Join(path.Dir(page), m[1])
			}
			checked++
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
			} else if m[2] != "" && !slices.Contains(anchors(read(t, target)), m[2]) {
				t.Errorf("%s links to %s, which has no heading #%s", page, target, m[2])
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d links were checked", checked)
	}
}

var (
	reference  = regexp.MustCompile(`\]\[([a-z0-9-]+)\]`)
	definition = regexp.MustCompile(`(?m)^\[([a-z0-9-]+)\]: https://\S+$`)
)

// TestReferences checks that every reference link has a definition on its page, and that every definition is used.
func TestReferences(t *testing.T) {
	checked := 0
	for _, page := range pages(t) {
		_, prose := codeBlocks(read(t, page))
		used := map[string]bool{}
		for _, m := range reference.FindAllStringSubmatch(prose, -1) {
			used[m[1]] = true
		}
		for _, m := range definition.FindAllStringSubmatch(prose, -1) {
			checked++
			if !used[m[1]] {
				t.Errorf("%s defines the link %s, which is not used", page, m[1])
			}
			delete(used, m[1])
		}
		for name := range used {
			t.Errorf("%s uses the link %s, which is not defined", page, name)
		}
	}
	if checked < 30 {
		t.Errorf("only %d definitions were checked", checked)
	}
}

var (
	span = regexp.MustCompile("`([^`\n]+)`")
	// repositoryPath matches a code span that names a file or directory of the repository.
	repositoryPath = regexp.MustCompile(`^(?:\./)?((?:\.ci|\.github|cache|config|credentials|deploy|docs|e2e|internal|refresh|` +
		`registry|tools)/[\w./-]*\w|ecr-login/(?:docker|ecr)-[\w./-]*\w|[A-Z]{6,}\.md|Makefile)/?$`)
)

// commandPath matches a file or directory of the repository in a command.
var commandPath = regexp.MustCompile(`(?:^|[\s=])((?:deploy|docs|e2e|internal)/[\w./-]*\w)`)

// TestPathsExist checks that every path of the repository that a page names exists, in code spans and in commands.
// CHANGELOG.md describes the past.
func TestPathsExist(t *testing.T) {
	checked := 0
	for _, page := range pages(t) {
		if page == "../CHANGELOG.md" {
			continue
		}
		blocks, prose := codeBlocks(read(t, page))
		var named []string
		for _, m := range span.FindAllStringSubmatch(prose, -1) {
			if m := repositoryPath.FindStringSubmatch(m[1]); m != nil {
				named = append(named, m[1])
			}
		}
		for _, b := range blocks {
			for _, m := range commandPath.FindAllStringSubmatch(b.text, -1) {
				named = append(named, m[1])
			}
		}
		for _, path := range named {
			checked++
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("%s names %s, which does not exist", page, path)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d paths were checked", checked)
	}
}
