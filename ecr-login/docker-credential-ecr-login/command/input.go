package command

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"time"
)

// maxInput limits what is read from standard input, in bytes. It is more than the docker and kubelet packages accept.
const maxInput = 1<<20 + 1

// An inputKind is what an action reads from standard input.
type inputKind struct {
	name string // for errors and prompts
	next string // what to do besides, for the error of one that did not come
}

const exampleHost = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// inputKinds are those of the actions; list has none, since it reads nothing.
var inputKinds = map[string]inputKind{
	"get":     {"the registry's host", ", for example: echo " + exampleHost + " | docker-credential-ecr-login get"},
	"erase":   {"the registry's host", ", for example: echo " + exampleHost + " | docker-credential-ecr-login erase"},
	"store":   {`{"ServerURL":"HOST","Username":"AWS","Secret":"PASSWORD"}`, ""},
	"kubelet": {"a CredentialProviderRequest", "; kubelet does so if a CredentialProviderConfig names this program"},
}

// readInput returns standard input, read to its end. The deadline covers that. At a terminal, readInput prints what to type
// and waits for it instead, and the deadline begins afterward.
func (s *setting) readInput(action string) ([]byte, error) {
	kind, ok := inputKinds[action]
	if !ok {
		return nil, nil
	}
	if isTerminal(s.Stdin) {
		keys := "Enter and Ctrl-D"
		if runtime.GOOS == "windows" {
			keys = "Enter, Ctrl-Z and Enter"
		}
		fmt.Fprintf(s.Stderr, "%s: reading %s from the terminal; type it, then press %s\n", action, kind.name, keys)
		input, err := io.ReadAll(io.LimitReader(s.Stdin, maxInput))
		s.began = time.Now()
		return input, err
	}
	type result struct {
		input []byte
		err   error
	}
	done := make(chan result, 1)
	go func() {
		input, err := io.ReadAll(io.LimitReader(s.Stdin, maxInput))
		done <- result{input, err}
	}()
	select {
	case r := <-done:
		return r.input, r.err
	case <-time.After(s.remaining()):
		return nil, fmt.Errorf("%s: standard input was still open after %s; write %s and close standard input%s", action, s.timeout+reserve, kind.name, kind.next)
	}
}

// replay returns a reader of what readInput returned, its error included.
func replay(input []byte, err error) io.Reader {
	if err != nil {
		return failing{err}
	}
	return bytes.NewReader(input)
}

// A failing reader returns its error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
