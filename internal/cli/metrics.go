package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ecrlogin/cache"
	"ecrlogin/internal/store"
	"ecrlogin/internal/userfile"
)

func (p *Program) metrics() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "Print metrics about cached tokens and failures, for Prometheus",
		Long: `Print the state of the token cache in the text format of Prometheus, for the textfile collector of
node_exporter. The output contains no password. It shows the cache of the user who runs the command. The kubelet's
provider usually has another cache: on a node, run the command as root, with AWS_ECR_CACHE_DIR=/var/cache/ecr-login.`,
		Example: "  docker-credential-ecr-login metrics --output /var/lib/node_exporter/textfile_collector/ecr_login.prom",
		GroupID: users,
		Args: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return errNoOutput
			}
			return cobra.NoArgs(cmd, args)
		},
		RunE: func(*cobra.Command, []string) error {
			s, err := p.loadCache()
			if err != nil {
				return err
			}
			text, err := s.metricsText(time.Now())
			switch {
			case err != nil:
				return fmt.Errorf("the cache cannot be read: %w", err)
			case output != toStdout:
				return userfile.WritePublic(output, text) // node_exporter is another user
			}
			_, err = p.Stdout.Write(text)
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", toStdout,
		"file to write instead of standard output; it is replaced, and all users can read it (mode 0644)")
	return cmd
}

// metricsText returns the metrics of the cache, and of the program. Without a cache, these are only the latter.
func (s *setting) metricsText(now time.Time) ([]byte, error) {
	m, err := collect(s.source(), now)
	if err != nil {
		return nil, err
	}
	m.build = s.Version
	return m.text(), nil
}

// A series identifies tokens and failures in metrics. The keys of the cache would be too many: one for each CI job.
type series struct{ registry, identity string }

// cacheMetrics are the values of the metrics about the cache.
type cacheMetrics struct {
	build          string
	tokens         map[series]float64 // number
	issued, expiry map[series]float64 // of the newest token, in Unix seconds
	failed         map[series]float64 // when the last failure ended, in Unix seconds
	reason         map[series]string  // of the last failure
}

// collect reads the cache. A failure has the identity of a token that is cached with the same key, if there is one.
func collect(c *cache.Cache, now time.Time) (m *cacheMetrics, err error) {
	m = &cacheMetrics{
		tokens: map[series]float64{}, issued: map[series]float64{}, expiry: map[series]float64{},
		failed: map[series]float64{}, reason: map[series]string{},
	}
	tokens, err := c.Entries()
	if err != nil {
		return nil, err
	}
	failures, err := c.Failures()
	if err != nil {
		return nil, err
	}
	identities := map[store.Key]string{}
	for _, t := range tokens {
		identities[t.For] = t.IssuedTo
		s := series{t.Host, t.IssuedTo}
		if t.Valid(now) {
			m.tokens[s]++
		} else {
			m.tokens[s] += 0
		}
		m.issued[s] = max(m.issued[s], float64(t.Issued))
		m.expiry[s] = max(m.expiry[s], float64(t.Expiry))
	}
	for _, f := range failures {
		s := series{f.Host, identities[f.For]}
		if ended := float64(f.Ended/1e6) / 1e3; ended >= m.failed[s] {
			m.failed[s], m.reason[s] = ended, reason(f.Failure)
		}
	}
	return m, nil
}

// reason returns the kind of a failure. Its text would be too long for a label, and different each time.
func reason(f store.Failure) string {
	switch {
	case f.NoIdentity:
		return "no_identity"
	case f.Timeout:
		return "timeout"
	}
	return "error"
}

// text returns the metrics in the text format of Prometheus, without package client_golang, which would add to the
// size of the program.
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
func (m *cacheMetrics) text() []byte {
	var b bytes.Buffer
	metric := func(name, help string, values map[series]float64, more func(series) string) {
		fmt.Fprintf(&b, "# HELP ecr_login_%s %s\n# TYPE ecr_login_%s gauge\n", name, help, name)
		for _, s := range slices.SortedFunc(maps.Keys(values), func(a, b series) int {
			return cmp.Or(cmp.Compare(a.registry, b.registry), cmp.Compare(a.identity, b.identity))
		}) {
			fmt.Fprintf(&b, "ecr_login_%s{registry=%s,identity=%s%s} %s\n", name, label(s.registry), label(s.identity), more(s),
				strconv.FormatFloat(values[s], 'f', -1, 64))
		}
	}
	none := func(series) string { return "" }
	fmt.Fprintf(&b, "# HELP ecr_login_build_info The version of the program; the value is 1.\n"+
		"# TYPE ecr_login_build_info gauge\necr_login_build_info{version=%s} 1\n", label(m.build))
	metric("tokens", "Cached tokens of a registry and identity that have not expired.", m.tokens, none)
	metric("token_issued_timestamp_seconds", "When the newest token was issued, in Unix seconds.", m.issued, none)
	metric("token_expiry_timestamp_seconds", "When the newest token expires, in Unix seconds.", m.expiry, none)
	metric("last_failure_timestamp_seconds",
		"When the last request for a token failed, in Unix seconds, if no later one has succeeded.", m.failed,
		func(s series) string { return ",reason=" + label(m.reason[s]) })
	return b.Bytes()
}

// label quotes the value of a label.
func label(value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD")
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}
