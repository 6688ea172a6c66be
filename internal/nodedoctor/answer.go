package nodedoctor

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/internal/check"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
	"ecrlogin/internal/subprocess"
	"ecrlogin/registry"
)

// A response is the part of a CredentialProviderResponse that is checked.
// Source: https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
type response struct {
	Kind          string `json:"kind"`
	APIVersion    string `json:"apiVersion"`
	CacheDuration string `json:"cacheDuration"`
	Auth          map[string]struct {
		Username string `json:"username"`
		Password string `json:"password"`
	} `json:"auth"`
}

// answer runs the provider as the kubelet does, but without a service account token, which doctor cannot request.
func (n *node) answer(ctx context.Context) check.Result {
	switch t := n.provider.TokenAttributes; {
	case n.image == "":
		return check.Skipped("no image specified").Then("%s %s/NAME:TAG", doctor, check.Example)
	case t != nil && t.RequireServiceAccount:
		return check.Skipped("skipped (the kubelet runs this provider only with a pod's service account token, which doctor cannot request)")
	}
	request, _ := json.Marshal(map[string]string{ // strings can always be encoded
		"kind": "CredentialProviderRequest", "apiVersion": n.provider.APIVersion, "image": n.image,
	})
	out, message, err := run(ctx, subprocess.Command{
		Path:  n.path(),
		Args:  append([]string{n.path()}, n.provider.Args...),
		Env:   n.env(),
		Stdin: bytes.NewReader(append(request, '\n')),
	})
	if err == nil {
		return n.read(out, message).Otherwise("sudo %s", n.configure())
	}
	r := check.Error(err).Otherwise(seeKubeletLog, n.provider.Name)
	if n.provider.TokenAttributes != nil { // if pods have their own roles, the node does not need one
		return check.Skipped("no password for the node itself, which pods without their own role use: %s", r.Found)
	}
	return r
}

// seeKubeletLog is the next step for a provider, whose name it contains, that reports an error.
const seeKubeletLog = "for details in the kubelet's log, set ECR_LOGIN_LOG=debug in env of %s"

// read checks a response as the kubelet does. The default next step is to configure the provider again.
func (n *node) read(out []byte, message string) check.Result {
	var r response
	if json.Unmarshal(out, &r) != nil || r.Kind != "CredentialProviderResponse" {
		return check.Failed("the provider did not return a CredentialProviderResponse, so the kubelet pulls without a password")
	}
	if r.APIVersion != n.provider.APIVersion {
		return check.Failed("the provider returned apiVersion %s, but the kubelet accepts only %s", r.APIVersion, n.provider.APIVersion)
	}
	duration, err := time.ParseDuration(cmp.Or(r.CacheDuration, n.provider.DefaultCacheDuration))
	if err != nil {
		return check.Failed("the provider returned an invalid cacheDuration")
	}
	for key, auth := range r.Auth {
		if auth.Password == "" || !kubeletconfig.Match(key, n.image) {
			continue
		}
		n.Token = credentials.Token{Username: auth.Username, Password: auth.Password}
		how := "caches for " + check.Minutes(duration)
		if duration == 0 {
			how = "does not cache"
		}
		return check.OK("the provider returned a password of user %s for %s, which the kubelet %s; environment variables: %s",
			auth.Username, key, how, variables(n.env()))
	}
	if r, err := registry.Parse(n.image); err == nil && r.Public {
		return check.Skipped("%s", cmp.Or(message, "the provider returned no password, which public images do not need"))
	}
	if message != "" {
		return check.Failed("the kubelet pulls without a password, because the provider reported: %s", message).
			Then(seeKubeletLog, n.provider.Name)
	}
	return check.Failed("the provider returned no password for this image, so the kubelet pulls without one").Then("%s", n.configure())
}

// run runs the provider's program. It returns its standard output and the last line of its standard error, which is
// also the error if the program fails.
func run(ctx context.Context, c subprocess.Command) (out []byte, message string, err error) {
	var errOut tail
	c.Stderr = &errOut
	result, err := kubeletconfig.Run(ctx, c)
	if err == nil && result.ExitCode != 0 {
		err = fmt.Errorf("exit status %d", result.ExitCode)
	}
	lines := strings.Split(strings.TrimSpace(string(errOut)), "\n")
	if message = strings.TrimSpace(lines[len(lines)-1]); err != nil && message != "" {
		err = errors.New(message)
	}
	return result.Stdout, message, err
}

// A tail is a writer that keeps only the end of the data.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	const most = 4096
	*t = append(*t, p...)
	*t = (*t)[max(0, len(*t)-most):]
	return len(p), nil
}

// registry checks whether the registry accepts the password that the kubelet would get. It does not check an alias: the
// container runtime configures where that leads, and the password must not be sent to another host.
func (n *node) registry(ctx context.Context) check.Result {
	if _, err := registry.Parse(n.image); n.image != "" && err != nil {
		return check.Skipped("skipped (%s is an alias; where it leads is configured in the container runtime)", registry.Shown(n.image))
	}
	if n.Token.Password == "" {
		return check.Skipped("skipped (no password)")
	}
	return n.CheckRegistry(ctx)
}

// cache checks the cache of the provider. It runs the provider to get the path, because its environment differs from
// that of this process.
func (n *node) cache(ctx context.Context) check.Result {
	if !n.ours {
		return check.Skipped("skipped (the provider is not this program)")
	}
	out, _, err := run(ctx, subprocess.Command{Path: n.path(), Args: []string{program.Command, "cache", "path"}, Env: n.configEnv()})
	if err != nil {
		return check.OK("%v; without a cache, the provider calls AWS whenever the kubelet runs it", err).
			Then("set AWS_ECR_CACHE_DIR to a directory in env of %s", n.provider.Name)
	}
	settings := *n.Settings
	settings.Cache = &cache.Cache{Dir: strings.TrimSpace(string(out))}
	there := n.Pull
	there.Settings = &settings
	return there.CheckCache(ctx)
}
