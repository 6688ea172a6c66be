package doctor

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"ecrlogin/credentials/kubelet"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
	"ecrlogin/internal/trustedpath"
)

// safety checks whether another user could change what kubelet runs as root. It precedes the checks that run the
// program, because doctor also runs it as root.
func (n *node) safety(ctx context.Context) result {
	paths := n.decisive()
	for _, path := range paths {
		var unsafe *trustedpath.Error
		switch err := trustedpath.Check(path); {
		case errors.As(err, &unsafe):
			return failed("%s %s, so another user can change what kubelet runs as root", unsafe.Path, unsafe.Cause).then("%s", unsafe.Fix)
		case err != nil && !errors.Is(err, fs.ErrNotExist): // a missing file is not run, and later checks report it
			return failed("%s cannot be checked: %v", path, cause(err)).then("ls -ld %s", path)
		}
	}
	// Another user may have written the file that was read first. Now only root can write it, so read it again.
	if r := n.providers(ctx); r.status != OK || !slices.Equal(n.decisive(), paths) {
		return failed("%s changed while it was checked", n.ConfigFile).then("try again: %s doctor --kubelet", binary)
	}
	who := "root"
	if os.Geteuid() > 0 {
		who = "root and this user"
	}
	return ok("only %s can change the program and the configuration", who)
}

// path returns the path of the provider's program.
func (n *node) path() string {
	return filepath.Join(n.BinDir, kubeletconfig.ProgramName(n.provider.Name))
}

// decisive returns the paths of the files that determine what is run: the provider's program, the
// CredentialProviderConfig, and the configuration of this program and of the AWS SDK, which can also name programs.
func (n *node) decisive() []string {
	paths := []string{n.path(), n.ConfigFile} // a file or a directory
	for _, f := range n.files {
		paths = append(paths, f.Path)
	}
	paths = append(paths, program.SystemConfig)
	env := n.configEnv()
	for _, name := range []string{configpath.Variable, "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		if path := value(env, name); path != "" {
			paths = append(paths, path)
		}
	}
	if dir := value(env, "XDG_CONFIG_HOME"); dir != "" {
		paths = append(paths, filepath.Join(dir, program.ConfigFile))
	}
	if home := value(env, "HOME"); home != "" {
		paths = append(paths, filepath.Join(home, ".config", program.ConfigFile), filepath.Join(home, ".aws/config"), filepath.Join(home, ".aws/credentials"))
	}
	return paths
}

// binary checks the file that kubelet runs.
func (n *node) binary(ctx context.Context) result {
	info, err := os.Stat(n.path())
	switch {
	case err != nil:
		return failed("%s cannot be run, and kubelet does not start without it: %v", n.path(), cause(err)).then("sudo %s", n.configure())
	case !info.Mode().IsRegular():
		return failed("%s is not a regular file, and kubelet does not start without the program", n.path()).then("move it away and run: sudo %s", n.configure())
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return failed("%s is not executable (mode %s), and kubelet does not start without it", n.path(), info.Mode()).then("sudo chmod 755 %s", n.path())
	}
	version, ours, err := kubeletconfig.VersionOf(ctx, n.path())
	n.ours = ours
	switch {
	case err != nil:
		return failure(err)
	case !ours:
		return failed("%s is not this program", n.path()).then("sudo %s --replace", n.configure())
	case version != n.Version:
		return failed("%s is version %s, but this program is version %s", n.path(), version, n.Version).then("sudo %s", n.configure())
	}
	return ok("%s, version %s", n.path(), version)
}

// secrets checks whether other users can read secrets in the configuration.
func (n *node) secrets(context.Context) result {
	for _, f := range n.files {
		info, err := os.Stat(f.Path)
		if err != nil || runtime.GOOS == "windows" || info.Mode()&0o044 == 0 {
			continue
		}
		for _, p := range f.Providers {
			i := slices.IndexFunc(p.Env, func(v kubeletconfig.Variable) bool { return v.Value != "" && isSecret(v.Name) })
			if i >= 0 {
				return failed("%s contains %s in plain text and is readable by other users", f.Path, p.Env[i].Name).then("sudo chmod 600 %s", f.Path)
			}
		}
	}
	return ok("no secret in the configuration is readable by other users")
}

// isSecret reports whether a variable contains a secret, judging by its name.
func isSecret(name string) bool {
	return slices.ContainsFunc([]string{"SECRET", "PASSW", "SESSION_TOKEN"}, func(part string) bool { return strings.Contains(strings.ToUpper(name), part) })
}

// accounts checks which service account data kubelet passes to the provider.
func (n *node) accounts(context.Context) result {
	t := n.provider.TokenAttributes
	if t == nil {
		return skipped("kubelet passes no service account tokens, so all pods pull as the node")
	}
	passed := slices.Concat(t.RequiredAnnotations, t.OptionalAnnotations)
	named := slices.DeleteFunc(slices.Clone(passed), func(key string) bool { return key != kubelet.PullRoleAnnotation && key != kubelet.RoleAnnotation })
	if len(named) == 0 && !n.hasRole() {
		return failed("kubelet passes service account tokens, but no role annotation, so all pods pull as the node").then("sudo %s --service-accounts", n.configure())
	}
	whose := "the role is set by AWS_ECR_ROLE_ARN or --role-arn"
	if len(named) > 0 {
		whose = "the role is set by the annotation " + strings.Join(named, " or ")
	}
	if t.RequireServiceAccount {
		whose += "; static pods, which have no service account, get no password"
	}
	return ok("kubelet requests a token of the pod's service account for %s; %s; nodes need permission to request it (verb request-serviceaccounts-token-audience on %[1]s for the group system:nodes), and without it a pod shows only 401 Unauthorized", t.Audience, whose).
		then(`journalctl -u kubelet | grep "Failed to provide credentials for image"`)
}

// hasRole reports whether the provider has a role without an annotation.
func (n *node) hasRole() bool {
	return value(n.env(), "AWS_ECR_ROLE_ARN") != "" || slices.ContainsFunc(n.provider.Args, func(arg string) bool { return strings.HasPrefix(arg, "--role-arn") })
}

// env returns the environment in which kubelet runs the provider.
func (n *node) env() []string {
	env := []string{} // nil would mean the environment of this process
	if n.process != nil {
		env = append(env, n.process.env...)
	}
	for _, v := range n.provider.Env {
		env = append(env, v.Name+"="+v.Value) // the last value applies
	}
	return env
}

// configEnv returns that environment, with the variable for the configuration set to the path in the provider's
// arguments.
func (n *node) configEnv() []string {
	env := n.env()
	for i, arg := range n.provider.Args {
		if path, inOne := strings.CutPrefix(arg, "--config="); inOne {
			env = append(env, configpath.Variable+"="+path)
		} else if arg == "--config" && i+1 < len(n.provider.Args) {
			env = append(env, configpath.Variable+"="+n.provider.Args[i+1])
		}
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

// variables returns the names, without values, of the variables that affect the provider.
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
	return cmp.Or(strings.Join(slices.Compact(names), ", "), "none that it uses")
}
