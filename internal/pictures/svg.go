package main

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The size of a picture in pixels. Each line has the length of its number of characters, whatever the font is.
const (
	columns    = 104 // longer lines are continued on the next one
	charWidth  = 7.8
	lineHeight = 19
	margin     = 16
	indent     = 2 // columns before a line that continues the previous one
)

// style has colors for light and dark backgrounds. Their contrast to the background is at least 4.5 to 1.
const style = `
  rect { fill: #f6f8fa; stroke: #d0d7de }
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; fill: #1f2328; white-space: pre }
  .command { font-weight: bold }
  .green { fill: #116329 } .red { fill: #b3151f } .dim { fill: #57606a }
  @media (prefers-color-scheme: dark) {
    rect { fill: #161b22; stroke: #30363d }
    text { fill: #e6edf3 }
    .green { fill: #56d364 } .red { fill: #ff7b72 } .dim { fill: #9198a1 }
  }
`

// draw returns a picture of what a terminal shows. The first line is the command. Screen readers read the title and the
// text.
func draw(title, screen string) []byte {
	lines := wrap(screen)
	width, height := columns*charWidth+2*margin, len(lines)*lineHeight+2*margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title text" `+
		"width=\"%.0f\" height=\"%d\" viewBox=\"0 0 %.0f %d\">\n", width, height, width, height)
	fmt.Fprintf(&b, "<title id=\"title\">%s</title>\n<desc id=\"text\">%s</desc>\n", html.EscapeString(title),
		html.EscapeString(escape.ReplaceAllString(screen, "")))
	fmt.Fprintf(&b, "<style>%s</style>\n", style)
	fmt.Fprintf(&b, "<rect x=\"0.5\" y=\"0.5\" width=\"%.0f\" height=\"%d\" rx=\"6\"/>\n", width-1, height-1)
	command := true // until the first line of output
	for n, line := range lines {
		if n > 0 && !strings.HasPrefix(line, continued) {
			command = false
		}
		line, isRest := strings.CutPrefix(line, continued)
		if line == "" {
			continue
		}
		x := float64(margin)
		if isRest {
			x += indent * charWidth
		}
		class := ""
		if command {
			class = ` class="command"`
		}
		length := float64(utf8.RuneCountInString(escape.ReplaceAllString(line, ""))) * charWidth
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\" xml:space=\"preserve\"%s>%s</text>\n",
			x, margin+n*lineHeight+14, length, class, spans(line))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// escape matches a sequence that sets a color.
var escape = regexp.MustCompile("\x1b\\[([0-9]*)m")

// classes are the colors of the programs.
var classes = map[string]string{"32": "green", "31": "red", "2": "dim"}

// spans returns a line with its colors as SVG elements.
func spans(line string) string {
	var b strings.Builder
	open, rest := "", line
	for {
		at := escape.FindStringSubmatchIndex(rest)
		if at == nil {
			return b.String() + html.EscapeString(rest) + open
		}
		b.WriteString(html.EscapeString(rest[:at[0]]) + open)
		open = ""
		if class := classes[rest[at[2]:at[3]]]; class != "" {
			b.WriteString(`<tspan class="` + class + `">`)
			open = "</tspan>"
		}
		rest = rest[at[1]:]
	}
}

// continued is the beginning of a line that continues the previous one.
const continued = "\x00"

// wrap splits a text into lines of the terminal, at spaces. Long words are split anywhere.
func wrap(screen string) []string {
	var lines []string
	for line := range strings.SplitSeq(screen, "\n") {
		part, rest := cut(strings.ReplaceAll(line, "\t", "    "), columns)
		lines = append(lines, part)
		for rest != "" {
			part, rest = cut(rest, columns-indent)
			lines = append(lines, continued+part)
		}
	}
	return lines
}

// cut splits a line after the last space in a number of columns.
func cut(line string, columns int) (part, rest string) {
	width, space := 0, 0
	for i := 0; i < len(line); {
		if at := escape.FindStringIndex(line[i:]); at != nil && at[0] == 0 {
			i += at[1]
			continue
		}
		if width == columns {
			if space > 0 {
				i = space
			}
			return line[:i], line[i:]
		}
		_, size := utf8.DecodeRuneInString(line[i:])
		if i += size; line[i-1] == ' ' && strings.TrimSpace(line[:i]) != "" {
			space = i
		}
		width++
	}
	return line, ""
}
