package refreshcli

import (
	"cmp"
	"crypto/rand"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/program"
	"ecrlogin/internal/refreshconfig"
	"ecrlogin/refresh/kubernetes"
)

// restConfig returns the address of the cluster and the credentials for it: those of a pod, unless --kubeconfig or
// --context is set, or those of a kubeconfig file.
func (b *builder) restConfig() (*rest.Config, error) {
	config, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) || b.options.kubeconfig != "" || b.options.context != "" {
		config, err = b.kubeconfig()
	}
	if err != nil {
		return nil, err
	}
	config.UserAgent = program.Refresh + "/" + b.Version
	config.Wrap(b.monitor.Transport)
	return config, nil
}

func (b *builder) kubeconfig() (*rest.Config, error) {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: b.options.kubeconfig, Precedence: b.kubeconfigs()}
	loaded, err := rules.Load()
	if err != nil {
		return nil, advice.Errorf("kubeconfig: %w", err).Then("check --kubeconfig and KUBECONFIG")
	}
	overrides := new(clientcmd.ConfigOverrides)
	config, err := clientcmd.NewNonInteractiveClientConfig(*loaded, b.options.context, overrides, rules).ClientConfig()
	switch {
	case clientcmd.IsEmptyConfig(err):
		return nil, errors.New("the configuration has Secrets, but no Kubernetes cluster was found; " +
			"run in a pod with a service account, or specify a file with --kubeconfig or KUBECONFIG")
	case err != nil:
		return nil, advice.Errorf("kubeconfig: %w", err).Then("check --kubeconfig, --context and KUBECONFIG")
	}
	return config, nil
}

// kubeconfigs returns the default kubeconfig files, as for kubectl.
func (p *Program) kubeconfigs() []string {
	if list := p.Env.Get("KUBECONFIG"); list != "" {
		return filepath.SplitList(list)
	}
	if home := p.Env.UserHome(); home != "" {
		return []string{filepath.Join(home, ".kube", "config")}
	}
	return nil
}

// serviceAccountNamespace is the file with the namespace of a pod.
const serviceAccountNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// namespace returns the namespace of the lease, or "" if none is configured and the program does not run in a pod.
func (p *Program) namespace(c refreshconfig.Lease) string {
	inPod, _ := os.ReadFile(serviceAccountNamespace) // missing outside a pod
	return cmp.Or(c.Namespace, p.Env.Get("POD_NAMESPACE"), strings.TrimSpace(string(inPod)))
}

// installation returns the name of this installation, which is that of its lease, also if the lease is not used. It is
// "" if nothing of it is configured and the program does not run in a pod.
func (p *Program) installation(c refreshconfig.Lease) string {
	namespace, name := p.namespace(c), cmp.Or(c.Name, refreshconfig.DefaultLeaseName)
	if namespace == "" && name == refreshconfig.DefaultLeaseName {
		return ""
	}
	return path.Join(namespace, name)
}

// lease returns the lease for leader election. It is nil if it is disabled, or if no namespace is known because the
// program does not run in a pod.
func (p *Program) lease(c refreshconfig.Lease) *kubernetes.Lease {
	namespace := p.namespace(c)
	if c.Disabled || namespace == "" {
		return nil
	}
	return &kubernetes.Lease{
		Namespace: namespace,
		Name:      cmp.Or(c.Name, refreshconfig.DefaultLeaseName),
		Holder:    p.replica() + "_" + strings.ToLower(rand.Text()[:8]),
	}
}

// replica returns the name of this replica: that of the pod or of the machine.
func (p *Program) replica() string {
	host, _ := os.Hostname() // without a name, the holder is random and the jitter the same
	return cmp.Or(p.Env.Get("POD_NAME"), host)
}
