package doctor

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"ecrlogin/credentials/kubelet"
	"ecrlogin/ecr-login/docker-credential-ecr-login/configure/kubeletfile"
)

// binary looks at the file that kubelet runs.
func (n *node) binary(ctx context.Context) result {
	n.path = filepath.Join(n.BinDir, kubeletfile.ProgramName(n.provider.Name))
	info, err := os.Stat(n.path)
	switch {
	case err != nil:
		return failed("%s cannot be run, and kubelet does not start without it: %v", n.path, cause(err)).then("sudo %s", n.configure())
	case !info.Mode().IsRegular():
		return failed("%s is no file that can be run, and kubelet does not start without one", n.path).then("move it away, and run: sudo %s", n.configure())
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return failed("%s cannot be run, since its mode is %s, and kubelet does not start without it", n.path, info.Mode()).then("sudo chmod 755 %s", n.path)
	}
	version, ours := kubeletfile.VersionOf(ctx, n.path)
	n.ours = ours
	switch {
	case !ours:
		return failed("%s is another program than this one", n.path).then("sudo %s --replace", n.configure())
	case version != n.Version:
		return failed("%s is version %s, and this program is %s", n.path, version, n.Version).then("sudo %s", n.configure())
	}
	return ok("%s, version %s", n.path, version)
}

// safety looks who else could change what kubelet runs as root, or read secrets of its configuration.
func (n *node) safety(context.Context) result {
	paths := []string{n.path}
	for _, f := range n.files {
		paths = append(paths, f.Path)
	}
	for _, path := range paths {
		if what, next := changeable(path); what != "" {
			return failed("%s", what).then("%s", next)
		}
	}
	for _, f := range n.files {
		info, err := os.Stat(f.Path)
		if err != nil || runtime.GOOS == "windows" || info.Mode()&0o044 == 0 {
			continue
		}
		for _, p := range f.Providers {
			i := slices.IndexFunc(p.Env, func(v kubeletfile.Variable) bool { return v.Value != "" && isSecret(v.Name) })
			if i >= 0 {
				return failed("%s has %s in clear, and everybody here can read it", f.Path, p.Env[i].Name).then("sudo chmod 600 %s", f.Path)
			}
		}
	}
	return ok("nobody but root can change the program and the configuration")
}

// isSecret reports whether a variable is one of those that hold a secret.
func isSecret(name string) bool {
	return slices.ContainsFunc([]string{"SECRET", "PASSW", "SESSION_TOKEN"}, func(part string) bool { return strings.Contains(strings.ToUpper(name), part) })
}

// accounts looks what kubelet passes on of a pod's service account.
func (n *node) accounts(context.Context) result {
	t := n.provider.TokenAttributes
	if t == nil {
		return skipped("kubelet passes on no tokens of service accounts, so all pods pull as the node")
	}
	passed := slices.Concat(t.RequiredAnnotations, t.OptionalAnnotations)
	named := slices.DeleteFunc(slices.Clone(passed), func(key string) bool { return key != kubelet.PullRoleAnnotation && key != kubelet.RoleAnnotation })
	if len(named) == 0 && !n.hasRole() {
		return failed("kubelet passes on tokens of service accounts, but no annotation that names a role, so all pods pull as the node").then("sudo %s --service-accounts", n.configure())
	}
	whose := "the role is that of AWS_ECR_ROLE_ARN or --role-arn"
	if len(named) > 0 {
		whose = "the role is that of the annotation " + strings.Join(named, " or ")
	}
	if t.RequireServiceAccount {
		whose += "; static pods, which have no service account, get no password"
	}
	return ok("kubelet asks for a token of the pod's service account for %s; %s; nodes need the right to ask (verb request-serviceaccounts-token-audience on %[1]s for the group system:nodes), and without it a pod shows nothing but 401 Unauthorized", t.Audience, whose).
		then(`journalctl -u kubelet | grep "Failed to provide credentials for image"`)
}

// hasRole reports whether the provider is told of a role without an annotation.
func (n *node) hasRole() bool {
	return value(n.env(), "AWS_ECR_ROLE_ARN") != "" || slices.ContainsFunc(n.provider.Args, func(arg string) bool { return strings.HasPrefix(arg, "--role-arn") })
}

// env returns the environment in which kubelet runs the provider.
func (n *node) env() []string {
	var env []string
	if n.process != nil {
		env = slices.Clone(n.process.env)
	}
	for _, v := range n.provider.Env {
		env = append(env, v.Name+"="+v.Value) // the last one counts
	}
	return env
}

func value(env []string, name string) string {
	for _, v := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// variables tells which of those there are that make a difference, by name alone.
func variables(env []string) string {
	var names []string
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		upper := strings.ToUpper(name)
		if strings.HasPrefix(upper, "AWS_") || strings.HasPrefix(upper, "ECR_LOGIN_") || strings.HasSuffix(upper, "_PROXY") || upper == "HOME" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return cmp.Or(strings.Join(slices.Compact(names), ", "), "none that it reads")
}
