package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// texts parses a picture as XML and returns its title, its description and the lines that are shown.
func texts(t *testing.T, picture []byte) (title, description string, shown []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(picture)))
	var element string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return title, description, shown
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, picture)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if element = token.Name.Local; element == "text" {
				shown = append(shown, "")
			}
		case xml.EndElement:
			if element = ""; token.Name.Local == "tspan" {
				element = "text"
			}
		case xml.CharData:
			switch element {
			case "title":
				title += string(token)
			case "desc":
				description += string(token)
			case "text", "tspan":
				shown[len(shown)-1] += string(token)
			}
		}
	}
}

// TestDraw checks that a picture has a title and a text for screen readers, and shows the same text.
func TestDraw(t *testing.T) {
	long := strings.Repeat("word ", 30)
	picture := draw("A <title>", "$ echo '<&>'\n\x1b[32m✓\x1b[0m ok: "+long+"\n\n\x1b[31m✗\x1b[0m no")
	title, description, shown := texts(t, picture)
	if title != "A <title>" || description != "$ echo '<&>'\n✓ ok: "+long+"\n\n✗ no" {
		t.Errorf("title %q, description %q", title, description)
	}
	if got, want := strings.Join(shown, "|"), "$ echo '<&>'|✓ ok: "+strings.Repeat("word ", 19)+"|"+strings.Repeat("word ", 11)+"|✗ no"; got != want {
		t.Errorf("it shows %q, want %q", got, want)
	}
	for _, want := range []string{`role="img"`, `class="command">$`, `<tspan class="green">✓</tspan> ok`, `<tspan class="red">✗</tspan> no`, "prefers-color-scheme: dark"} {
		if !strings.Contains(string(picture), want) {
			t.Errorf("the picture does not contain %s", want)
		}
	}
}

// TestCut checks that lines are split at spaces, and words that are too long anywhere.
func TestCut(t *testing.T) {
	for _, test := range []struct{ line, part, rest string }{
		{"", "", ""},
		{"one two", "one two", ""},
		{"one two three", "one two ", "three"},
		{"✓✓✓✓✓✓✓✓ ✓✓", "✓✓✓✓✓✓✓✓", " ✓✓"},
		{"  abcdefghijk", "  abcdef", "ghijk"},
		{"\x1b[32m✓\x1b[0m one two", "\x1b[32m✓\x1b[0m one ", "two"},
	} {
		if part, rest := cut(test.line, 8); part != test.part || rest != test.rest {
			t.Errorf("cut(%q) = %q, %q, want %q, %q", test.line, part, rest, test.part, test.rest)
		}
	}
}
