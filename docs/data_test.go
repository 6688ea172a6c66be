package docs_test

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v4"
)

// parsers parse the languages of blocks with data.
var parsers = map[string]func(text string) error{
	"json": func(text string) error { return json.Unmarshal([]byte(text), new(any)) },
	"toml": func(text string) error { return toml.Unmarshal([]byte(text), new(any)) },
	"yaml": func(text string) error {
		d := yaml.NewDecoder(strings.NewReader(text))
		for {
			switch err := d.Decode(new(yaml.Node)); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}
		}
	},
}

// firstKey matches the first line of an indented block with YAML, after comments.
var firstKey = regexp.MustCompile(`^(?:#.*\n)*[\w./-]+:(?: [^\n]*)?\n`)

// language returns the language of a block. An indented block is JSON if it is an object, and YAML if it begins with a
// key. A block with "…" is not complete.
func language(b codeBlock) string {
	info, _, _ := strings.Cut(b.info, " ")
	text := strings.TrimSpace(b.text)
	switch {
	case strings.Contains(text, "…"):
		return ""
	case info == "yml":
		return "yaml"
	case b.info != "":
		return info
	case strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}"):
		return "json"
	case firstKey.MatchString(b.text) && strings.Contains(text, "\n"): // one line may be a message
		return "yaml"
	}
	return ""
}

// TestDataParses checks that the blocks with JSON, TOML and YAML are valid.
func TestDataParses(t *testing.T) {
	checked := map[string]int{}
	for _, page := range pages(t) {
		blocks, _ := codeBlocks(read(t, page))
		for _, b := range blocks {
			l := language(b)
			parse := parsers[l]
			if parse == nil {
				continue
			}
			checked[l]++
			if err := parse(b.text); err != nil {
				t.Errorf("%s:%d: invalid %s: %v\n%s", page, b.line, l, err, b.text)
			}
		}
	}
	if checked["json"] < 3 || checked["yaml"] < 25 {
		t.Errorf("only these numbers of blocks were checked: %v", checked)
	}
}
