package doctor

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/subprocess"
	"ecrlogin/registry"
)

// keeps checks the cache of the provider. It runs the provider to get the path, because its environment differs from
// that of this process.
func (n *node) keeps(ctx context.Context) result {
	if !n.ours {
		return skipped("skipped (the provider is not this program)")
	}
	out, said, err := run(ctx, subprocess.Command{Path: n.path(), Args: []string{binary, "cache", "path"}, Env: n.configEnv()})
	if err != nil {
		return ok("%s; without a cache, the provider calls AWS whenever kubelet runs it", cmp.Or(said, err.Error())).
			then("set AWS_ECR_CACHE_DIR to a directory in env of %s", n.provider.Name)
	}
	there := *n.Doctor
	there.Cache = &cache.Cache{Dir: strings.TrimSpace(string(out))}
	return (&exam{Doctor: &there, target: n.target}).cache(ctx)
}

// A response is the part of a CredentialProviderResponse that is checked.
// Source: https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
type response struct {
	Kind          string `json:"kind"`
	APIVersion    string `json:"apiVersion"`
	CacheKeyType  string `json:"cacheKeyType"`
	CacheDuration string `json:"cacheDuration"`
	Auth          map[string]struct {
		Username string `json:"username"`
		Password string `json:"password"`
	} `json:"auth"`
}

// answer runs the provider as kubelet does, but without a service account token, which doctor cannot request.
func (n *node) answer(ctx context.Context) result {
	switch t := n.provider.TokenAttributes; {
	case n.image == "":
		return skipped("no image specified").then("%s doctor --kubelet %s/NAME:TAG", binary, example)
	case t != nil && t.RequireServiceAccount:
		return skipped("skipped (kubelet runs this provider only with a pod's service account token, which doctor cannot request)")
	}
	request, err := json.Marshal(map[string]string{"kind": "CredentialProviderRequest", "apiVersion": n.provider.APIVersion, "image": n.image})
	if err != nil {
		return failed("%v", err)
	}
	args := append([]string{n.path()}, n.provider.Args...)
	out, said, err := run(ctx, subprocess.Command{Path: n.path(), Args: args, Env: n.env(), Stdin: bytes.NewReader(append(request, '\n'))})
	if err != nil {
		cause, next, _ := strings.Cut(cmp.Or(said, err.Error()), "; ")
		return n.unanswered(cause, next)
	}
	return n.read(out, said)
}

// unanswered returns the result for a provider that fails. If pods have their own roles, the node does not need one.
func (n *node) unanswered(cause, next string) result {
	if n.provider.TokenAttributes != nil {
		return skipped("no password for the node itself, which pods without their own role use: %s", cause).then("%s", next)
	}
	return failed("%s", cause).then("%s", cmp.Or(next, "for details in kubelet's log, set ECR_LOGIN_LOG=debug in env of "+n.provider.Name))
}

// read checks a response as kubelet does.
func (n *node) read(out []byte, said string) result {
	var r response
	if json.Unmarshal(out, &r) != nil || r.Kind != "CredentialProviderResponse" {
		return failed("the provider did not return a CredentialProviderResponse, so kubelet pulls without a password").then("sudo %s", n.configure())
	}
	if r.APIVersion != n.provider.APIVersion {
		return failed("the provider returned apiVersion %s, but kubelet accepts only %s", r.APIVersion, n.provider.APIVersion).then("sudo %s", n.configure())
	}
	keeps, err := time.ParseDuration(cmp.Or(r.CacheDuration, n.provider.DefaultCacheDuration))
	if err != nil {
		return failed("the provider returned an invalid cacheDuration").then("sudo %s", n.configure())
	}
	for key, auth := range r.Auth {
		if auth.Password == "" || !kubeletconfig.Match(key, n.image) {
			continue
		}
		n.token = credentials.Token{Username: auth.Username, Password: auth.Password}
		how := "caches for " + minutes(keeps)
		if keeps == 0 {
			how = "does not cache"
		}
		return ok("the provider returned a password of user %s for %s, which kubelet %s; environment variables: %s", auth.Username, key, how, variables(n.env()))
	}
	cause, next, _ := strings.Cut(cmp.Or(said, "the provider returned no password for this image"), "; ")
	if r, err := registry.Parse(n.image); err == nil && r.Public {
		return skipped("%s", said) // public images need no password
	}
	return failed("%s; kubelet pulls without a password", cause).then("%s", cmp.Or(next, n.configure()))
}

// run runs the provider's program. It returns its standard output and the last line of its standard error.
func run(ctx context.Context, c subprocess.Command) (out []byte, said string, err error) {
	var errOut tail
	c.Stderr = &errOut
	result, err := kubeletconfig.Run(ctx, c)
	if err == nil && result.ExitCode != 0 {
		err = fmt.Errorf("exit status %d", result.ExitCode)
	}
	return result.Stdout, errOut.lastLine(), err
}

// A tail is a writer that keeps only the end of the data.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	const most = 4096
	*t = append(*t, p...)
	*t = slices.Delete(*t, 0, max(0, len(*t)-most))
	return len(p), nil
}

func (t *tail) lastLine() string {
	lines := strings.Split(strings.TrimSpace(string(*t)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// takes checks whether the registry accepts the password that kubelet would get. It does not check an alias: the
// container runtime configures where that leads, and the password must not be sent to another host.
func (n *node) takes(ctx context.Context) result {
	if _, err := registry.Parse(n.image); n.image != "" && err != nil {
		return skipped("skipped (%s is an alias; where it leads is configured in the container runtime)", registry.Shown(n.image))
	}
	if n.token.Password == "" {
		return skipped("skipped (no password)")
	}
	return n.registryAnswers(ctx)
}

// mayPull checks the image if the registry was checked.
func (n *node) mayPull(ctx context.Context) result {
	if n.answers == nil {
		return skipped("skipped (the registry was not checked)")
	}
	return n.imageIsThere(ctx)
}
