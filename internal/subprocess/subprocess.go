// Package subprocess runs a child process within limits: its time, the size of its output, and what it leaves behind.
//
// A child gets a process group of its own and is killed together with it when the context ends, when this process is asked to
// end by a signal, or when the child prints too much. On Linux its descendants in other groups are killed as well. A client of
// this process never waits for what a child left running: the child's streams are pipes of this process, closed soon after
// the child ended.
package subprocess

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// DefaultMaxOutput is the limit on standard output, in bytes, of a Command that sets none.
const DefaultMaxOutput = 1 << 20

// pipeDelay is how long the child's streams are read after the child ended, if another process still holds them open.
// What the child itself printed is read long before.
const pipeDelay = 250 * time.Millisecond

// killDelay is the same for a child that was killed, whose output is not used. It is short, so that a process which left the
// group does not make a command miss its own deadline.
const killDelay = 50 * time.Millisecond

// A Command is a child process to run. It can be run repeatedly, and concurrently if Stdin and Stderr allow it.
type Command struct {
	// Path is the program; a name without a slash is looked up in PATH. A relative result is refused, as os/exec does.
	Path string
	// Args is the argument vector including argv[0]; nil means {Path}.
	Args []string
	// Env is the complete environment; nil means that of this process.
	Env []string
	// Stdin is the child's standard input; nil means the null device. An *os.File is passed to the child as it is.
	Stdin io.Reader
	// Stderr receives the child's standard error as it is written; nil discards it. A terminal is passed to the child as it
	// is, so that prompts work. For anything else the child writes to a pipe of this process.
	Stderr io.Writer
	// MaxOutput limits standard output, in bytes; 0 means DefaultMaxOutput.
	MaxOutput int
}

// A Result is what a child left when it ended by itself.
type Result struct {
	Stdout   []byte
	ExitCode int
}

// Run runs the child and waits for it. An exit code other than 0 is not an error. The errors are, for errors.Is and
// errors.As: a *StartError if the child could not be started; ErrDeadline if it was killed because the deadline of ctx
// passed; ErrOutput if it was killed because it printed more than MaxOutput; a *CanceledError if it was killed because ctx
// was canceled or a signal asked this process to end; a *SignalError if a signal from elsewhere ended it. No error
// contains output of the child.
//
// While the child runs, the signals that end this process end the child instead, and Run returns; the caller is then
// expected to end. The exception is a process with a controlling terminal: its children stay in its process group,
// because in another one they could not read a pass phrase from the terminal, and Ctrl-C reaches both. What such a
// child started is killed on Linux only.
func (c Command) Run(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stdout := &limited{max: c.maxOutput(), full: func() { cancel(ErrOutput) }}
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
		cmd.WaitDelay = killDelay // os/exec reads it after that
		return kill()
	}
	err := cmd.Run()
	if cmd.ProcessState == nil {
		if ctx.Err() != nil {
			return Result{}, endError(ctx)
		}
		return Result{}, &StartError{Err: err}
	}
	// The state says more than err, which is also about the streams: a child may end without having read its input, and
	// the reader of standard error may be gone.
	switch state := cmd.ProcessState; {
	case context.Cause(ctx) == ErrOutput:
		killGroup(cmd) // the child may have ended by itself before what it started printed too much
		return Result{}, ErrOutput
	case ctx.Err() != nil && killed(state):
		return Result{}, endError(ctx)
	case !state.Exited():
		return Result{}, &SignalError{Signal: signalName(state)}
	default:
		return Result{Stdout: stdout.buffer.Bytes(), ExitCode: state.ExitCode()}, nil
	}
}

func (c Command) maxOutput() int {
	if c.MaxOutput == 0 {
		return DefaultMaxOutput
	}
	return c.MaxOutput
}

// piped hides from os/exec that w is a file, which would be passed to the child: whoever waits for the end of that file
// would wait for every process that inherited it.
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
	return &CanceledError{Cause: context.Cause(ctx)}
}

// limited keeps what is written to it up to a limit in bytes. It calls full when there is more, and fails then, which
// ends the reading.
type limited struct {
	buffer bytes.Buffer
	max    int
	full   func()
}

func (l *limited) Write(p []byte) (int, error) {
	if l.buffer.Len()+len(p) > l.max {
		l.full()
		return 0, ErrOutput
	}
	return l.buffer.Write(p)
}
