package cli

import (
	"fmt"
	"log/slog"
	"strconv"

	"ecrlogin/internal/timelimit"
)

// readEnvironment reads the variables of this program; the AWS SDK reads those of AWS. It reports an invalid value on
// stderr and uses the default instead, so that a typing error in a variable does not make a pull fail.
func (s *setting) readEnvironment() {
	v := s.Env.Get(timelimit.Variable)
	timeout, ok := timelimit.Choose(v, s.config.Timeout)
	if !ok {
		fmt.Fprintf(s.Stderr, "ECR_LOGIN_TIMEOUT: invalid duration %q, using %s; set it to 1s or more, such as 30s or 2m\n", v, timeout)
	}
	s.timeout, s.explicit = timeout-timelimit.Reserve, s.config.Timeout != 0 || v != "" && ok
	s.log = slog.New(slog.DiscardHandler)
	switch v := s.Env.Get("ECR_LOGIN_LOG"); v {
	case "":
	case "info":
		s.log = slog.New(slog.NewTextHandler(s.Stderr, nil))
	case "debug":
		s.log = slog.New(slog.NewTextHandler(s.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	default:
		fmt.Fprintf(s.Stderr, "ECR_LOGIN_LOG: invalid level %q, logging is disabled; set it to debug or info\n", v)
	}
	if v := s.Env.Get("AWS_ECR_IGNORE_CREDS_STORAGE"); v != "" {
		var err error
		if s.ignoreStorage, err = strconv.ParseBool(v); err != nil {
			fmt.Fprintf(s.Stderr, "AWS_ECR_IGNORE_CREDS_STORAGE: invalid value %q, using false; set it to true or false\n", v)
		}
	}
}
