package kubernetes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// refreshCut cuts the connections to the API server without a FIN. New connections work. The program notices it within
// five seconds, and writes to a namespace that was created meanwhile.
func refreshCut(t *testing.T, r refreshRelease) {
	const limit, rounds = 5 * time.Second, 3
	link := awstest.NewLink(t, apiURL, 0)
	aws := awstest.New(t)
	createNamespace(t, r.controlPlane, "cut-first")
	config := refreshConfig("30m", "cut-*", firstHost)
	p := r.start(t, refreshRun{aws: aws, config: config, server: "https://" + link.Address})
	p.awaitStatus(t, "written", current(1))
	var noticed, served []time.Duration
	for i := range rounds {
		lines := p.log.length()
		began := time.Now()
		link.Hang()
		name := fmt.Sprint("cut-", i)
		createNamespace(t, r.controlPlane, name)
		line := p.log.await(t, lines, `"level":"WARN"`, "cannot watch namespaces")
		noticed = append(noticed, time.Since(began))
		r.awaitSecret(t, p.log, name, anySecret)
		served = append(served, time.Since(began))
		p.log.await(t, lines, "watch namespaces: the API server responds again")
		if i == 0 {
			t.Log(line)
		}
	}
	t.Logf("connection cut without FIN: noticed after %v, new namespace served after %v (limit %v)",
		rounded(noticed...), rounded(served...), limit)
	for _, took := range append(noticed, served...) {
		if took > limit {
			t.Errorf("%v", took)
		}
	}
	p.awaitStatus(t, "healthy", func(s refreshStatus) bool {
		return s.Healthy && s.Alive && s.Cluster.Error == "" && current(1+rounds)(s)
	})
}

func rounded(all ...time.Duration) string {
	var text []string
	for _, d := range all {
		text = append(text, d.Round(10*time.Millisecond).String())
	}
	return strings.Join(text, ", ")
}

// refreshAWSDown makes AWS unavailable for longer than the interval, and then for longer than a token's life.
func refreshAWSDown(t *testing.T, r refreshRelease) {
	const life, interval = 30 * time.Second, time.Second
	aws := awstest.New(t)
	aws.SetTokenLifetime(life)
	createNamespace(t, r.controlPlane, "aws-down")
	p := r.start(t, refreshRun{aws: aws, config: refreshConfig(interval.String(), "aws-down", firstHost)})
	issued := time.Now()
	r.awaitSecret(t, p.log, "aws-down", anySecret)
	aws.Inject(awstest.Fault{Status: 503})

	// The token is due for renewal. It is still served, also after the Secret was deleted.
	s := p.awaitStatus(t, "renewal fails", func(s refreshStatus) bool { return s.Tokens[0].FailedAttempts > 0 })
	t.Log(s.Tokens[0].Error)
	if !strings.Contains(s.Tokens[0].Error, "503") || !s.Healthy || !s.Ready || !s.Alive {
		t.Errorf("got %+v", s)
	}
	p.log.await(t, 0, `"level":"WARN"`, "503", firstHost)
	r.deleteSecret(t, "aws-down")
	deleted := time.Now()
	mustBeValid(t, aws, r.awaitSecret(t, p.log, "aws-down", anySecret), firstHost)
	t.Logf("AWS unavailable: Secret restored after %v (interval %v)", rounded(time.Since(deleted)), interval)

	// An expired password is never written.
	s = p.awaitStatus(t, "expired", func(s refreshStatus) bool { return s.Targets[0].State == "expired" })
	t.Logf("expired %v after the first token, attempts %d: %s", rounded(time.Since(issued)), s.Tokens[0].FailedAttempts,
		strings.Join(s.Reasons, " | "))
	p.mustServe(t, "/health", 503, `"status":"unhealthy"`, "secret regcred: the password expired at ", "503")
	p.mustServe(t, "/healthz", 200) // a restart would not help
	p.mustServe(t, "/readyz", 200)
	r.deleteSecret(t, "aws-down")
	time.Sleep(3 * interval)
	if r.hasSecret(t, "aws-down") {
		t.Error("an expired password was written")
	}

	aws.ClearFaults()
	recovered := time.Now()
	mustBeValid(t, aws, r.awaitSecret(t, p.log, "aws-down", anySecret), firstHost)
	t.Logf("AWS available again: Secret written after %v", rounded(time.Since(recovered)))
	p.awaitStatus(t, "healthy", func(s refreshStatus) bool {
		return s.Healthy && s.Tokens[0].Error == "" && current(1)(s)
	})
}

// refreshAPIServerDown stops the API server.
func refreshAPIServerDown(t *testing.T, r refreshRelease) {
	const down = time.Minute
	aws := awstest.New(t)
	createNamespace(t, r.controlPlane, "api-down-0")
	env := []string{"POD_NAMESPACE=" + refreshProgram, "POD_NAME=replica"}
	p := r.start(t, refreshRun{aws: aws, config: refreshConfig("2s", "api-down-*", firstHost), env: env})
	p.awaitStatus(t, "written", func(s refreshStatus) bool { return current(1)(s) && s.Cluster.Leading })
	lines := p.log.length()
	r.server.stop()
	p.log.await(t, lines, `"level":"WARN"`, "cannot watch namespaces")
	s := p.awaitStatus(t, "the failure is visible", func(s refreshStatus) bool {
		return s.Cluster.Error != "" && !s.Cluster.Leading
	})
	t.Logf("API server stopped: %s", s.Cluster.Error)
	p.mustServe(t, "/healthz", 200)
	p.mustServe(t, "/readyz", 200)
	time.Sleep(down)
	select {
	case <-p.ended:
		t.Fatalf("the program exited:\n%s", p.log.tail(30))
	default:
	}

	r.server.start(t)
	r.server.awaitAnswer(t, func() error { _, err := r.connect(t, r.adminToken); return err })
	began := time.Now()
	createNamespace(t, r.controlPlane, "api-down-1")
	r.awaitSecret(t, p.log, "api-down-1", anySecret)
	took := time.Since(began)
	p.awaitStatus(t, "healthy", func(s refreshStatus) bool {
		return s.Cluster.Error == "" && s.Cluster.Leading && current(2)(s)
	})
	logged, _ := p.log.since(lines)
	t.Logf("API server stopped for %v: a new namespace was served %v after it was ready; log:\n%s", down, rounded(took),
		strings.Join(logged, "\n"))
	if took > 15*time.Second { // the lease expired, and is acquired again
		t.Errorf("served after %v", took)
	}
	if stopped := p.terminate(t); stopped > exitLimit {
		t.Errorf("SIGTERM: exit after %v", stopped)
	}
}
