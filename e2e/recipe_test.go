package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recipe returns the code blocks of the section "Setup" of a page of docs/recipes, in a language such as "yaml".
func recipe(t *testing.T, name, language string) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("../docs/recipes", name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	_, setup, _ := strings.Cut(string(page), "\n## Setup\n")
	setup, _, _ = strings.Cut(setup, "\n## ")
	var blocks []string
	for _, text := range strings.Split(setup, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(text, "\n```\n")
		blocks = append(blocks, block+"\n")
	}
	if len(blocks) == 0 {
		t.Fatalf("the setup in %s.md has no block in the language %s", name, language)
	}
	return blocks
}
