package cli

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"time"
)

// maxInput is the limit for standard input, in bytes. It is larger than the limits of packages docker and kubelet.
const maxInput = 1<<20 + 1

// An inputKind describes what an action reads from standard input.
type inputKind struct {
	name string // for errors and prompts
	next string // the next step in the error about missing input
}

const exampleHost = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// inputKinds contains the actions that read standard input, and kubelet.
var inputKinds = map[string]inputKind{
	"get":     {"the registry's host", ", for example: echo " + exampleHost + " | docker-credential-ecr-login get"},
	"erase":   {"the registry's host", ", for example: echo " + exampleHost + " | docker-credential-ecr-login erase"},
	"store":   {`{"ServerURL":"HOST","Username":"AWS","Secret":"PASSWORD"}`, ""},
	"kubelet": {"a CredentialProviderRequest", "; kubelet does so if a CredentialProviderConfig names this program"},
}

// readInput reads standard input to its end, within the deadline. If standard input is a terminal, readInput prints
// what to type and waits without a limit; the deadline starts afterward.
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

// replay returns a reader that yields the results of readInput, including the error.
func replay(input []byte, err error) io.Reader {
	if err != nil {
		return failing{err}
	}
	return bytes.NewReader(input)
}

// A failing is a reader that only returns an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
