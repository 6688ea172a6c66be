package kubernetes

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// The addresses of the control plane. All ports are free in the sandbox.
const (
	etcdURL     = "http://127.0.0.1:2379"
	etcdPeerURL = "http://127.0.0.1:2380"
	apiURL      = "https://127.0.0.1:6443"
)

// issuer is the issuer of the tokens of service accounts. The stand-in for AWS gets its key, not its address.
const issuer = "https://kubernetes.default.svc"

// A controlPlane is etcd and an API server, without scheduler and controllers. Pods specify their node, and the tests
// create the objects that controllers usually create.
type controlPlane struct {
	client     kubernetes.Interface // with all permissions
	adminToken string               // its token
	authority  string               // file with the certificate of the API server
	nodeToken  string               // token of the kubelet
	key        *rsa.PrivateKey      // signs the tokens of service accounts
	server     *apiServer
}

// An apiServer is the API server of a control plane. It can be stopped and started again.
type apiServer struct {
	*process
	args []string
}

func (s *apiServer) start(t *testing.T) {
	t.Helper()
	s.process = start(t, s.log, nil, lookPath(t, "kube-apiserver"), s.args...)
}

func startControlPlane(t *testing.T, dir string) controlPlane {
	t.Helper()
	dir = makeDir(t, dir, "api")
	log := newTranscript()
	etcd := start(t, log, nil, lookPath(t, "etcd"), "--name=etcd", "--data-dir="+filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls="+etcdURL, "--advertise-client-urls="+etcdURL,
		"--listen-peer-urls="+etcdPeerURL, "--initial-advertise-peer-urls="+etcdPeerURL, "--initial-cluster=etcd="+etcdPeerURL)

	t.Cleanup(etcd.stop)

	key, keyFile := writeKey(t, dir)
	admin, node := rand.Text(), rand.Text()
	// The groups grant the permissions of an administrator and of a node.
	tokens := writeFile(t, filepath.Join(dir, "tokens.csv"), fmt.Sprintf("%s,admin,admin,system:masters\n%s,system:node:%s,node,system:nodes\n", admin, node, nodeName))
	server := &apiServer{process: &process{log: log}, args: []string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=6443",
		"--cert-dir=" + dir,               // for the certificate that it generates
		"--endpoint-reconciler-type=none", // a loopback address cannot be an endpoint
		"--service-cluster-ip-range=10.96.0.0/24",
		"--service-account-issuer=" + issuer, "--service-account-key-file=" + keyFile, "--service-account-signing-key-file=" + keyFile,
		"--token-auth-file=" + tokens, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
	}}
	server.start(t)
	t.Cleanup(func() { server.stop() }) // the current one
	p := controlPlane{adminToken: admin, authority: filepath.Join(dir, "apiserver.crt"), nodeToken: node, key: key, server: server}
	server.awaitAnswer(t, func() (err error) {
		p.client, err = p.connect(t, admin)
		return err
	})
	return p
}

// connect returns a client, or an error if the API server is not ready.
func (p controlPlane) connect(t *testing.T, token string) (kubernetes.Interface, error) {
	t.Helper()
	client, err := kubernetes.NewForConfig(p.config(token))
	if err != nil {
		return nil, err
	}
	return client, client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(t.Context()).Error()
}

// config returns the configuration of a client that authenticates with a token.
func (p controlPlane) config(token string) *rest.Config {
	return &rest.Config{
		Host:            apiURL,
		BearerToken:     token,
		TLSClientConfig: rest.TLSClientConfig{CAFile: p.authority},
		QPS:             -1, // no limit
	}
}

// kubeconfig writes the kubeconfig file of the kubelet.
func (p controlPlane) kubeconfig(t *testing.T, dir string) (path string) {
	t.Helper()
	return writeFile(t, filepath.Join(dir, "kubeconfig"), fmt.Sprintf(`
apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: node, user: {token: %q}}]
contexts: [{name: context, context: {cluster: cluster, user: node}}]
current-context: context
`, apiURL, p.authority, p.nodeToken))
}

// createNamespace creates a namespace if it does not exist.
func createNamespace(t *testing.T, p controlPlane, name string) {
	t.Helper()
	o := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := p.client.CoreV1().Namespaces().Create(t.Context(), o, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// writeKey creates a key and writes it to a file for the API server.
func writeKey(t *testing.T, dir string) (key *rsa.PrivateKey, path string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return key, writeFile(t, filepath.Join(dir, "serviceaccount.key"), string(pem.EncodeToMemory(block)))
}

// makeDir creates a directory in parent.
func makeDir(t *testing.T, parent, name string) (path string) {
	t.Helper()
	path = filepath.Join(parent, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeFile writes a file with mode 0600, and creates its parent directories.
func writeFile(t *testing.T, path, content string) string {
	t.Helper()
	makeDir(t, filepath.Dir(path), "")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
