package kubernetes

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/e2e/sandbox"
	"ecrlogin/internal/awstest"
)

// The scenario of a cluster outside AWS: pods in the namespace health-check pull with the Secret regcred. Tokens live
// for one minute, and pods are started for five.
const (
	scenarioNamespace = "health-check"
	scenarioLife      = time.Minute
	scenarioTime      = 5 * time.Minute
)

// A scenario is in progress while other tests run.
type scenario struct {
	namespace
	release   refreshRelease
	refresher *refresher
	reader    *secretReader
	images    []string
	began     time.Time
}

// startScenario starts the program and the first pod, and a reader of the Secret.
func startScenario(t *testing.T, c *cluster, r refreshRelease) *scenario {
	t.Helper()
	s := &scenario{namespace: c.newNamespaceNamed(t, scenarioNamespace), release: r}
	for i := range 3 {
		s.images = append(s.images, publish(t, c.aws, scenarioHost, fmt.Sprint("health-check-", i)))
	}
	s.pull(t, "denied", s.images[0])
	s.mustFailToPull(t, "denied")
	c.aws.SetTokenLifetime(scenarioLife)
	t.Cleanup(func() { c.aws.SetTokenLifetime(12 * time.Hour) })
	c.aws.ResetCalls()
	s.refresher = r.start(t, refreshRun{aws: c.aws, config: refreshConfig("30m", scenarioNamespace, scenarioHost)})
	s.began = time.Now()
	s.pull(t, "first", s.images[1])
	s.awaitRunning(t, "first")
	s.reader = r.read(t, c.aws, scenarioNamespace, scenarioHost, 20*time.Millisecond)
	return s
}

// pull creates a pod that pulls with the Secret.
func (s *scenario) pull(t *testing.T, name, image string) {
	t.Helper()
	pod := podWith("default", name, image)
	pod.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: secretName}}
	if _, err := s.pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// finish waits for the end of the five minutes and starts another pod. The tests of other packages run in this time.
func (s *scenario) finish(t *testing.T) {
	resume := sandbox.Idle(t)
	select {
	case <-time.After(scenarioTime - time.Since(s.began)):
	case <-s.refresher.ended:
		t.Fatalf("the program exited:\n%s", s.refresher.log.tail(30))
	}
	resume()
	s.pull(t, "last", s.images[2])
	s.awaitRunning(t, "last")
	took := time.Since(s.began)
	s.awaitRunning(t, "denied") // the kubelet tried again
	s.reader.stop(t)
	calls := s.aws.Count(awstest.GetAuthorizationToken)
	t.Logf("token life %v: a new pod pulled after %v; ECR calls %d; %v", scenarioLife, rounded(took), calls, s.reader)
	// A token is replaced after half of its life, at most 10 % earlier.
	if most := int(took/(scenarioLife*45/100)) + 1; calls < int(took/scenarioLife) || calls > most {
		t.Errorf("AWS received %d token requests, want at most %d", calls, most)
	}
	s.refresher.mustServe(t, "/readyz", 200)
	if stopped := s.refresher.terminate(t); stopped > exitLimit {
		t.Errorf("SIGTERM: exit after %v", stopped)
	}
}
