package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"ecrlogin/internal/awstest"
)

// A cluster is a Kubernetes cluster in which ecr-token-refresh writes a Secret to each namespace.
type cluster struct {
	*soak
	api    *apiServer
	server *httptest.Server
	wants  map[string]awstest.IssuedToken // by host in the Secret

	mu                          sync.Mutex
	next                        int // number of the next namespace
	created, removed, gone, cut int
	read, missing, expired      int
	unusable                    map[string]time.Time // since when a namespace has had no valid Secret
}

// longest is how long a namespace may have no valid Secret, because AWS fails.
const longest = time.Minute

func (s *soak) newCluster() *cluster {
	c := &cluster{soak: s, unusable: map[string]time.Time{}, wants: map[string]awstest.IssuedToken{
		west:    {Region: "us-west-2", ARN: arnOf(awstest.Account)},
		ireland: {Region: "eu-west-1", ARN: arnOf(awstest.Account)},
	}}
	c.api = newAPIServer(c.checkWritten)
	c.server = httptest.NewUnstartedServer(c.api)
	c.server.EnableHTTP2 = true // as that of Kubernetes
	c.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	c.server.StartTLS()
	for range 5 {
		c.addNamespace()
	}
	return c
}

// configuration is the part of the configuration of ecr-token-refresh about the cluster.
func (c *cluster) configuration() string {
	return "kubernetes:\n  lease: {namespace: soak, name: soak}\n" +
		"  secrets:\n  - name: regcred\n    namespaces: [\"team-*\"]\n    registries: [" + west + ", " + ireland + "]\n"
}

// writeKubeconfig writes a kubeconfig file for the cluster.
func (c *cluster) writeKubeconfig(path string) error {
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw})
	return os.WriteFile(path, fmt.Appendf(nil, "apiVersion: v1\nkind: Config\ncurrent-context: soak\n"+
		"clusters: [{name: soak, cluster: {server: %q, certificate-authority-data: %q}}]\n"+
		"contexts: [{name: soak, context: {cluster: soak, user: soak}}]\nusers: [{name: soak, user: {token: soak}}]\n",
		c.server.URL, base64.StdEncoding.EncodeToString(authority)), 0o600)
}

// close ends the API server.
func (c *cluster) close() {
	c.api.cutWatches()
	c.server.CloseClientConnections()
	c.server.Close()
}

func (c *cluster) addNamespace() {
	c.mu.Lock()
	c.next++
	c.created++
	name := fmt.Sprint("team-", c.next)
	c.mu.Unlock()
	c.api.create(name)
}

// change creates and deletes namespaces, and deletes Secrets.
func (c *cluster) change() {
	var names []string
	c.api.mu.Lock()
	for name := range c.api.namespaces {
		names = append(names, name)
	}
	c.api.mu.Unlock()
	switch n := rand.IntN(3); {
	case n == 0 && len(names) < 20 || len(names) < 5:
		c.addNamespace()
	case n == 1:
		name := names[rand.IntN(len(names))]
		c.count(&c.removed)
		c.api.terminate(name)
		time.Sleep(rand.N(time.Second))
		c.api.remove(name)
	default:
		c.count(&c.gone)
		c.api.removeSecret(names[rand.IntN(len(names))])
	}
}

// cutConnections ends the watches, or all connections.
func (c *cluster) cutConnections() {
	c.count(&c.cut)
	if rand.IntN(3) == 0 {
		c.server.CloseClientConnections()
		return
	}
	c.api.cutWatches()
}

func (c *cluster) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

// checkWritten checks a Secret at the time at which it is written: all its passwords are valid.
func (c *cluster) checkWritten(namespace string, content []byte) {
	if expired, err := c.checkSecret(c.cloud, content); err != nil || expired {
		c.faults.add("%s: Secret in %s: written with an expired password (%t): %v",
			time.Now().Format(time.TimeOnly), namespace, expired, err)
	}
}

// checkSecret checks the passwords in a Secret: those of the right identities. It reports whether one has expired.
func (c *cluster) checkSecret(by issuer, content []byte) (expired bool, err error) {
	var secret struct{ Data map[string][]byte }
	if err := json.Unmarshal(content, &secret); err != nil {
		return false, err
	}
	found := 0
	for host, want := range c.wants {
		password, err := passwordIn(secret.Data[".dockerconfigjson"], host)
		if err != nil {
			return false, err
		}
		if password == "" { // AWS has not issued one yet
			continue
		}
		found++
		issued, ok := by.Issued(password)
		switch {
		case !ok:
			return false, fmt.Errorf("AWS has not issued the password %.20q", password)
		case issued.Region != want.Region || !strings.HasPrefix(issued.ARN, want.ARN):
			return false, fmt.Errorf("a password of %q for %s", issued.ARN, issued.Region)
		}
		expired = expired || !time.Now().Before(issued.Expires)
	}
	if found == 0 {
		return false, fmt.Errorf("it contains no password")
	}
	return expired, nil
}

// checkSecrets checks the Secrets of all namespaces.
func (c *cluster) checkSecrets() {
	contents := map[string][]byte{} // by namespace
	c.api.mu.Lock()
	for name, namespace := range c.api.namespaces {
		if namespace.metadata["deletionTimestamp"] == nil {
			contents[name] = nil
			if secret := c.api.secrets[name]; secret != nil {
				contents[name] = secret.content
			}
		}
	}
	c.api.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.unusable, func(name string, _ time.Time) bool { _, exists := contents[name]; return !exists })
	for name, content := range contents {
		c.read++
		if c.usable(name, content) {
			delete(c.unusable, name)
			continue
		}
		since, known := c.unusable[name]
		switch {
		case !known:
			c.unusable[name] = time.Now()
		case time.Since(since) > longest:
			c.faults.add("%s: %s has had no valid Secret for %s", time.Now().Format(time.TimeOnly), name, longest)
			c.unusable[name] = time.Now()
		}
	}
}

// usable reports whether there is a Secret with valid passwords.
func (c *cluster) usable(namespace string, content []byte) bool {
	if content == nil {
		c.missing++
		return false
	}
	expired, err := c.checkSecret(c.cloud, content)
	if err != nil {
		c.faults.add("Secret in %s: %v", namespace, err)
	}
	if expired {
		c.expired++
	}
	return !expired
}

func (c *cluster) print(out io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	fmt.Fprintf(out, "  Secrets: written %d times; %d namespaces created and %d deleted, %d Secrets deleted, "+
		"watches cut %d times; missing %d times of %d (%.1f %%); "+
		"with an expired password because of AWS %d times (%.2f %%)\n",
		c.api.writes, c.created, c.removed, c.gone, c.cut, c.missing, c.read, percent(c.missing, c.read),
		c.expired, percent(c.expired, c.read))
}
