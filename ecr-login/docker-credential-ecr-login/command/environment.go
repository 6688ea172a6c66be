package command

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"ecrlogin/ecr-login/docker-credential-ecr-login/hit"
)

// The environment holds what the variables of this program's own say. The AWS SDK reads those of AWS.
type environment struct {
	timeout  time.Duration // ECR_LOGIN_TIMEOUT or timeout in the configuration, less the reserve
	explicit bool          // whether either of them is set
	log      *slog.Logger  // ECR_LOGIN_LOG
	forgo    bool          // AWS_ECR_IGNORE_CREDS_STORAGE
}

// reserve is kept back from the timeout for starting up and for saying what went wrong, so that the process ends
// within it.
const reserve = 300 * time.Millisecond

// readEnvironment reads the variables; configured is the timeout that the configuration has, or 0. A value that cannot be
// used is said on stderr, with what it may be, and what there would be without it takes its place: a typing error in a
// variable must not cost anybody a pull.
func readEnvironment(stderr io.Writer, configured time.Duration) environment {
	v := os.Getenv("ECR_LOGIN_TIMEOUT")
	timeout, ok := hit.Timeout(v)
	if configured != 0 && (v == "" || !ok) {
		timeout = configured
	}
	if !ok {
		fmt.Fprintf(stderr, "ECR_LOGIN_TIMEOUT is %q and not a duration of a second or more, such as 30s or 2m; going on with %s\n", v, timeout)
	}
	env := environment{timeout: timeout - reserve, explicit: configured != 0 || v != "" && ok, log: slog.New(slog.DiscardHandler)}
	switch v := os.Getenv("ECR_LOGIN_LOG"); v {
	case "":
	case "info":
		env.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	case "debug":
		env.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	default:
		fmt.Fprintf(stderr, "ECR_LOGIN_LOG is %q and neither debug nor info; going on without a log\n", v)
	}
	if v := os.Getenv("AWS_ECR_IGNORE_CREDS_STORAGE"); v != "" {
		forgo, err := strconv.ParseBool(v)
		if err != nil {
			fmt.Fprintf(stderr, "AWS_ECR_IGNORE_CREDS_STORAGE is %q and neither true nor false; going on without it\n", v)
		}
		env.forgo = forgo
	}
	return env
}
