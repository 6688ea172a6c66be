package cli

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/timelimit"
)

// An environment contains the values of the variables of this program. The AWS SDK reads the variables of AWS.
type environment struct {
	timeout       time.Duration // ECR_LOGIN_TIMEOUT, or timeout in the configuration, minus reserve
	explicit      bool          // whether either of them is set
	log           *slog.Logger  // ECR_LOGIN_LOG
	ignoreStorage bool          // AWS_ECR_IGNORE_CREDS_STORAGE
}

// reserve is the part of the timeout that is kept for starting the program and reporting an error, so that the
// process ends within the timeout.
const reserve = 300 * time.Millisecond

// readEnvironment reads the variables; configured is the timeout in the configuration, or 0. It reports an invalid
// value on stderr and uses the default instead, so that a typing error in a variable does not make a pull fail.
func readEnvironment(vars environ.Env, stderr io.Writer, configured time.Duration) environment {
	v := vars.Get(timelimit.Variable)
	timeout, ok := timelimit.Parse(v)
	if configured != 0 && (v == "" || !ok) {
		timeout = configured
	}
	if !ok {
		fmt.Fprintf(stderr, "ECR_LOGIN_TIMEOUT: invalid duration %q, using %s; set it to 1s or more, such as 30s or 2m\n", v, timeout)
	}
	env := environment{timeout: timeout - reserve, explicit: configured != 0 || v != "" && ok, log: slog.New(slog.DiscardHandler)}
	switch v := vars.Get("ECR_LOGIN_LOG"); v {
	case "":
	case "info":
		env.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	case "debug":
		env.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	default:
		fmt.Fprintf(stderr, "ECR_LOGIN_LOG: invalid level %q, logging is disabled; set it to debug or info\n", v)
	}
	if v := vars.Get("AWS_ECR_IGNORE_CREDS_STORAGE"); v != "" {
		var err error
		if env.ignoreStorage, err = strconv.ParseBool(v); err != nil {
			fmt.Fprintf(stderr, "AWS_ECR_IGNORE_CREDS_STORAGE: invalid value %q, using false; set it to true or false\n", v)
		}
	}
	return env
}
