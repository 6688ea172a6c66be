// Package subprocess runs a child process with limits on its run time, its output and the processes that are still
// running when it has ended.
//
// A child gets its own process group, which is killed when the context ends, when this process receives a termination
// signal, or when the child prints too much. On Linux its descendants in other groups are killed as well. A client of
// this process never waits for a process that a child left running: the child's streams are pipes of this process,
// which are closed soon after the child ended.
package subprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/term"
)

// The reasons why a child did not run, or did not exit by itself.
var (
	ErrStart    = errors.New("cannot be run")                          // wrapped with the error of os/exec or the system
	ErrDeadline = errors.New("did not finish in time")                 // the deadline of its context passed
	ErrOutput   = errors.New("printed too much output")                // it printed more than MaxOutput
	ErrCanceled = errors.New("was stopped together with this process") // wrapped with context.Canceled or the name of a signal
	ErrSignal   = errors.New("was terminated by a signal")             // one that this process did not send; the error names it
)

// MaxOutput limits the standard output of a child, in bytes. It is enough for a list of several thousand registries.
const MaxOutput = 1 << 20

// pipeDelay is how long the child's streams are read after the child ended, if another process still holds them open.
// The child's own output is read long before that.
const pipeDelay = 250 * time.Millisecond

// killDelay replaces pipeDelay for a child that was killed, whose output is not used. It is short, so that a process
// that left the group does not make a command exceed its deadline.
const killDelay = 50 * time.Millisecond

// A Command is a child process to run. It can be run repeatedly, and concurrently if Stdin and Stderr allow it.
type Command struct {
	// Path is the program; a name without a slash is looked up in PATH. A relative result is an error, as in os/exec.
	Path string
	// Args is the argument vector including argv[0]; nil means {Path}.
	Args []string
	// Env is the complete environment; nil means the environment of this process.
	Env []string
	// Stdin is the child's standard input; nil means the null device. An *os.File is passed to the child directly.
	Stdin io.Reader
	// Stderr receives the child's standard error as it is written; nil discards it. A terminal is passed to the child
	// directly, so that prompts work. Otherwise the child writes to a pipe of this process.
	Stderr io.Writer
}

// A Result is the result of a child that exited by itself.
type Result struct {
	Stdout   []byte
	ExitCode int
}

// Run runs the child and waits for it. An exit code other than 0 is not an error. The errors are, for errors.Is:
// ErrStart if the child could not be started; ErrDeadline if it was killed because the deadline of ctx passed; ErrOutput
// if it was killed because it printed more than MaxOutput; ErrCanceled if it was killed because ctx was canceled or this
// process received a termination signal; ErrSignal if another process terminated it with a signal. No error contains
// output of the child.
//
// While the child runs, a termination signal to this process kills the child instead, and Run returns; the caller is
// then expected to exit. The exception is a process with a controlling terminal: its children stay in its process
// group, because in another group they could not read a passphrase from the terminal, and Ctrl-C reaches both. The
// descendants of such a child are killed on Linux only.
func (c Command) Run(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stdout := &limited{full: func() { cancel(ErrOutput) }}
	cmd, ctx, stop := command(ctx, c.Path)
	defer stop()
	if c.Args != nil {
		cmd.Args = c.Args
	}
	cmd.Env = c.Env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, stdout, piped(c.Stderr)
	cmd.WaitDelay = pipeDelay
	kill := cmd.Cancel
	cmd.Cancel = func() error {
		cmd.WaitDelay = killDelay // os/exec reads it after Cancel returns
		return kill()
	}
	err := cmd.Run()
	if cmd.ProcessState == nil {
		if ctx.Err() != nil {
			return Result{}, endError(ctx)
		}
		return Result{}, fmt.Errorf("%w: %w", ErrStart, err)
	}
	// Use the state rather than err, which also reports stream errors: a child may exit without reading its input,
	// and the reader of standard error may be gone.
	switch state := cmd.ProcessState; {
	case context.Cause(ctx) == ErrOutput:
		killGroup(cmd) // the child may have exited before its descendants printed too much
		return Result{}, ErrOutput
	case ctx.Err() != nil && (!state.Exited() || runtime.GOOS == "windows" && !state.Success()): // Windows has no signals
		return Result{}, endError(ctx)
	case !state.Exited():
		name := strings.TrimSuffix(strings.TrimPrefix(state.String(), "signal: "), " (core dumped)")
		return Result{}, fmt.Errorf("%w (%s)", ErrSignal, name)
	default:
		return Result{Stdout: stdout.buffer.Bytes(), ExitCode: state.ExitCode()}, nil
	}
}

// piped hides from os/exec that w is a file, because a file would be passed to the child, and a client that waits for
// the end of the file would wait for every process that inherited it.
func piped(w io.Writer) io.Writer {
	f, ok := w.(*os.File)
	if !ok || term.IsTerminal(int(f.Fd())) {
		return w
	}
	return struct{ io.Writer }{f}
}

// endError returns the error for a child that was killed because its context ended.
func endError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrDeadline
	}
	return fmt.Errorf("%w (%w)", ErrCanceled, context.Cause(ctx))
}

// limited buffers up to MaxOutput bytes. When more is written, it calls full and returns an error, which stops the
// reading.
type limited struct {
	buffer bytes.Buffer
	full   func()
}

func (l *limited) Write(p []byte) (int, error) {
	if l.buffer.Len()+len(p) > MaxOutput {
		l.full()
		return 0, ErrOutput
	}
	return l.buffer.Write(p)
}
