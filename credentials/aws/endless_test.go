package aws_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
)

func keysAndEndpoint(m *machine, url string) {
	m.env("AWS_ACCESS_KEY_ID", awstest.KeyID)
	m.env("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
	m.env("AWS_ENDPOINT_URL_ECR", url)
}

// A server that sends a response without an end uses neither memory nor time.
func TestEndlessResponse(t *testing.T) {
	part := bytes.Repeat([]byte("A"), 1<<20)
	for name, tt := range map[string]struct {
		begin string
		setUp func(m *machine, url string)
	}{
		"ECR":         {`{"authorizationData":[{"authorizationToken":"`, keysAndEndpoint},
		"text of ECR": {`A`, keysAndEndpoint},
		"compressed":  {`{"authorizationData":[{"authorizationToken":"`, keysAndEndpoint},
		"container": {`{"AccessKeyId":"`, func(m *machine, url string) {
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
		}},
		"metadata": {``, func(m *machine, url string) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body := io.Writer(w)
				if name == "compressed" {
					w.Header().Set("Content-Encoding", "gzip")
					body = gzip.NewWriter(w)
				}
				_, err := body.Write([]byte(tt.begin))
				for err == nil {
					_, err = body.Write(part)
					sent.Add(1)
				}
			}))
			defer server.Close()
			m := newMachine(t)
			tt.setUp(m, server.URL)
			got := m.shown(new(aws.Source))
			line, _, _ := strings.Cut(got, "\n")
			if strings.Contains(line, "timed out") || !strings.HasPrefix(line, privateHost+": ") {
				t.Errorf("got %s", line)
			}
			if n := sent.Load(); n > 200 { // each try reads 1 MiB, and the kernel buffers a few
				t.Errorf("%d MiB were sent", n)
			}
		})
	}
}

// A redirect of a container endpoint to another server does not carry the token of the container there.
func TestRedirectOfContainerEndpoint(t *testing.T) {
	var received atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { received.Add(1) }))
	defer other.Close()
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		server := httptest.NewServer(http.RedirectHandler(other.URL, status))
		defer server.Close()
		m := newMachine(t)
		m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.URL)
		m.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2-of-the-pod")
		mustNotShow(t, m.shown(new(aws.Source)), "hunter2-of-the-pod")
		if n := received.Load(); n != 0 {
			t.Errorf("status %d: the other server received %d requests", status, n)
		}
	}
}
