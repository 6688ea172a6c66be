package refreshcli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// shutdown is how long the program may take to end after a signal: less than a second including the exit.
const shutdown = 900 * time.Millisecond

// untilSignal returns what run returns. After SIGTERM or SIGINT, it cancels the context of run. If run does not return
// within the time for a shutdown, because a file system hangs for example, untilSignal returns without it, and ok is
// false.
func untilSignal(run func(context.Context) int) (exit int, ok bool) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	done := make(chan int, 1)
	go func() { done <- run(ctx) }()
	select {
	case exit = <-done:
		return exit, true
	case <-ctx.Done():
	}
	select {
	case exit = <-done:
		return exit, true
	case <-time.After(shutdown):
		return 0, false
	}
}
