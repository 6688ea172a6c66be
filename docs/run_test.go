package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"ecrlogin/internal/awstest"
)

// The words after the fence of a block that TestRunnableBlocks runs, and of the block with its output.
const (
	runInfo    = "sh run"
	outputInfo = "text output"
)

// tools are the other programs on PATH, as far as they are installed. There are no others, because doctor looks for
// container clients.
var tools = strings.Fields("sh awk base64 basename cat chmod cp curl cut date diff dirname env expr find grep gzip head " +
	"id jq ln ls mkdir mktemp mv printf readlink rm rmdir sed seq sha256sum sleep sort stat tail tar " +
	"tee touch tr true uname uniq wc xargs")

// optionalTool matches a tool that is not on every machine.
var optionalTool = regexp.MustCompile(`\b(?:curl|jq)\b`)

// exampleImage exists in the registry of the stand-in.
const exampleImage = awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com/team/app:v1"

// A runnable is a block that is run, with the output that follows it.
type runnable struct {
	codeBlock
	output string // "" if the page shows no output
	shown  bool   // whether the page shows the output
}

// runnables returns the blocks of a page that are run. An output block must follow such a block, separated at most by
// an empty line.
func runnables(t *testing.T, page, doc string) []runnable {
	t.Helper()
	var all []runnable
	last := 0 // the line after the last block that is run
	blocks, _ := codeBlocks(doc)
	for _, b := range blocks {
		switch words := strings.Fields(b.info); {
		case b.info == runInfo:
			all, last = append(all, runnable{codeBlock: b}), b.after
		case b.info == outputInfo && last > 0 && b.line-last <= 2:
			all[len(all)-1].output, all[len(all)-1].shown, last = b.text, true, 0
		case b.info == outputInfo:
			t.Errorf("%s:%d: no %q block precedes this output", page, b.line, runInfo)
		case len(words) > 1 && (words[0] == "sh" || words[0] == "text"):
			t.Errorf("%s:%d: unknown kind of block %q; use %q or %q", page, b.line, b.info, runInfo, outputInfo)
		}
	}
	return all
}

// TestRunnableBlocks runs the blocks marked with "sh run" against the stand-in for AWS, and compares their output.
//
// The blocks of a page run in order, with one home directory and one work directory, which are empty at first. Their
// paths in the output are replaced by /home/user and /work, and that of the programs by /usr/local/bin. Variables that
// a block exports apply to the next ones. A block fails if one of its commands fails. In the expected output, "..."
// matches any text.
func TestRunnableBlocks(t *testing.T) {
	found := map[string][]runnable{}
	for _, page := range pages(t) {
		if blocks := runnables(t, page, read(t, page)); len(blocks) > 0 {
			found[page] = blocks
		}
	}
	if len(found) == 0 {
		t.Fatal("no page has a block that is run")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the blocks run on Linux only")
	}
	bin := build(t)
	linkTools(t, bin)
	for page, blocks := range found {
		t.Run(strings.TrimPrefix(page, "../"), func(t *testing.T) {
			t.Parallel()
			r := newReader(t, bin)
			for _, b := range blocks {
				for _, tool := range optionalTool.FindAllString(b.text, -1) {
					if _, err := exec.LookPath(tool); err != nil {
						t.Skipf("%s:%d: %s is not installed", page, b.line, tool)
					}
				}
				if !r.run(page, b) {
					return // the next blocks may depend on this one
				}
			}
		})
	}
}

// build builds the programs with the options of the Makefile, and returns their directory.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	programs := map[string]string{"docker-credential-ecr-login": "nethttpomithttp2", "ecr-token-refresh": ""}
	for program, tags := range programs {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", tags,
			"-ldflags", "-s -w -buildid= -X ecrlogin/internal/version.linked=0.1.0", "-o", bin, "../ecr-login/"+program)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFIPS140=off", "GODEBUG=") // as make build, whose cache it uses
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	if err := os.Symlink("docker-credential-ecr-login", filepath.Join(bin, "ecr-credential-provider")); err != nil {
		t.Fatal(err)
	}
	return bin
}

// linkTools adds the tools to a directory.
func linkTools(t *testing.T, bin string) {
	t.Helper()
	for _, tool := range tools {
		if path, err := exec.LookPath(tool); err == nil {
			if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A reader runs the blocks of one page, as a reader of the page would.
type reader struct {
	t     *testing.T
	dir   string // contains the directories home and work, and the exported variables
	env   []string
	paths *strings.Replacer // replaces the paths of the directories in output
}

func newReader(t *testing.T, bin string) *reader {
	t.Helper()
	cloud := awstest.New(t)
	push(t, cloud, exampleImage)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	home, work, temp := filepath.Join(dir, "home"), filepath.Join(dir, "work"), filepath.Join(dir, "tmp")
	for _, d := range []string{home, work, temp} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "variables"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	paths := strings.NewReplacer(home, "/home/user", work, "/work", bin, "/usr/local/bin")
	return &reader{t: t, dir: dir, paths: paths, env: []string{
		"PATH=" + bin, "HOME=" + home, "TMPDIR=" + temp, "LC_ALL=C.UTF-8",
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey, "AWS_EC2_METADATA_DISABLED=true",
		"HTTPS_PROXY=" + cloud.Proxy, "AWS_CA_BUNDLE=" + cloud.CAFile, "SSL_CERT_FILE=" + cloud.CAFile,
		"CURL_CA_BUNDLE=" + cloud.CAFile,
	}}
}

// push pushes an image to the registry of the stand-in.
func push(t *testing.T, cloud *awstest.Server, image string) {
	t.Helper()
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	err = remote.Write(ref, empty.Image, remote.WithTransport(cloud.Client().Transport),
		remote.WithAuth(&authn.Basic{Username: "AWS", Password: cloud.IssueToken("us-west-2", false)}))
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a block, and reports whether it succeeded with the expected output.
func (r *reader) run(page string, b runnable) bool {
	r.t.Helper()
	variables := filepath.Join(r.dir, "variables")
	script := fmt.Sprintf(". '%s'\n%sexport -p >'%s'\n", variables, b.text, variables)
	cmd := exec.CommandContext(r.t.Context(), "/bin/sh", "-e", "-c", script)
	cmd.Dir, cmd.Env = filepath.Join(r.dir, "work"), r.env
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	got := r.paths.Replace(output.String())
	switch {
	case err != nil:
		r.t.Errorf("%s:%d: %v\n%s\nprinted:\n%s", page, b.line, err, b.text, got)
	case b.shown && !matches(b.output, got):
		r.t.Errorf("%s:%d:\n%s\nprinted:\n%s\nwant:\n%s", page, b.line, b.text, got, b.output)
	default:
		return true
	}
	return false
}

// matches reports whether the output is the expected one, in which "..." stands for any text.
func matches(want, got string) bool {
	parts := strings.Split(strings.TrimSpace(want), "...")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).MatchString(strings.TrimSpace(got))
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		want, got string
		matches   bool
	}{
		{"a\nb\n", "a\nb", true},
		{"a\n", "a b\n", false},
		{"version ...\n", "version 0.1.0\n", true},
		{"a\n...\nd\n", "a\nb\nc\nd\n", true},
		{"a\n...\nd\n", "a\nb\nc\n", false},
		{"(a)\n", "a\n", false},
	} {
		if matches(test.want, test.got) != test.matches {
			t.Errorf("matches(%q, %q) is not %v", test.want, test.got, test.matches)
		}
	}
}

// TestCodeBlocks checks which parts of a page are code.
func TestCodeBlocks(t *testing.T) {
	doc := "# Page\n\n```sh run\na\n\n    b\n```\n\n```text output\nc\n```\n- item\n\n  ```yaml\n  d:\n    e\n  ```\n\nText\n" +
		"    that continues.\n\n    code\n\n    more\nEnd\n"
	blocks, prose := codeBlocks(doc)
	want := []codeBlock{
		{"sh run", "a\n\n    b\n", 4, 8}, {"text output", "c\n", 10, 12}, {"yaml", "d:\n  e\n", 15, 18},
		{"", "code\n\nmore\n", 22, 25},
	}
	if fmt.Sprintf("%+v", blocks) != fmt.Sprintf("%+v", want) {
		t.Errorf("the blocks are\n%+v, want\n%+v", blocks, want)
	}
	if want := "# Page\n\n\n\n\n- item\n\n\n\nText\n    that continues.\n\n\nEnd\n"; prose != want {
		t.Errorf("the text is %q, want %q", prose, want)
	}
}
