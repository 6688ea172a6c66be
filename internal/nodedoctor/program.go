package nodedoctor

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"ecrlogin/credentials/kubelet"
	"ecrlogin/internal/check"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
	"ecrlogin/internal/trustedpath"
)

// safety checks whether another user could change what the kubelet runs as root. It precedes the checks that run the
// program, because doctor also runs it as root.
func (n *node) safety(ctx context.Context) check.Result {
	paths := n.decisive()
	for _, path := range paths {
		switch err := trustedpath.Check(path); {
		case errors.As(err, new(*trustedpath.Error)):
			r := check.Error(err)
			r.Found += ", so another user can change what the kubelet runs as root"
			return r
		case err != nil && !errors.Is(err, fs.ErrNotExist): // a missing file is not run, and later checks report it
			return check.Failed("%s cannot be checked: %v", path, cause(err)).Then("ls -ld %s", path)
		}
	}
	// Another user may have written the file that was read first. Now only root can write it, so read it again.
	if r := n.providers(ctx); r.Status != check.StatusOK || !slices.Equal(n.decisive(), paths) {
		return check.Failed("%s changed while it was checked", n.ConfigFile).Then("try again: %s", doctor)
	}
	who := "root"
	if os.Geteuid() > 0 {
		who = "root and this user"
	}
	return check.OK("only %s can change the program and the configuration", who)
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
	for _, file := range [][2]string{
		{configpath.Variable}, {"AWS_CONFIG_FILE"}, {"AWS_SHARED_CREDENTIALS_FILE"}, {"XDG_CONFIG_HOME", "/" + program.ConfigFile},
		{"HOME", "/.config/" + program.ConfigFile}, {"HOME", "/.aws/config"}, {"HOME", "/.aws/credentials"},
	} {
		if path := value(env, file[0]); path != "" {
			paths = append(paths, path+file[1])
		}
	}
	return paths
}

// program checks the file that the kubelet runs.
func (n *node) program(ctx context.Context) check.Result {
	info, err := os.Stat(n.path())
	switch {
	case err != nil:
		return check.Failed("%s cannot be run, and the kubelet does not start without it: %v", n.path(), cause(err)).
			Then("sudo %s", n.configure())
	case !info.Mode().IsRegular():
		return check.Failed("%s is not a regular file, and the kubelet does not start without the program", n.path()).
			Then("move it away and run: sudo %s", n.configure())
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return check.Failed("%s is not executable (mode %s), and the kubelet does not start without it", n.path(), info.Mode()).
			Then("sudo chmod 755 %s", n.path())
	}
	version, ours, err := kubeletconfig.VersionOf(ctx, n.path())
	n.ours = ours
	switch {
	case err != nil:
		return check.Error(err)
	case !ours:
		return check.Failed("%s is not this program", n.path()).Then("sudo %s --replace", n.configure())
	case version != n.Version:
		return check.Failed("%s is version %s, but this program is version %s", n.path(), version, n.Version).
			Then("sudo %s", n.configure())
	}
	return check.OK("%s, version %s", n.path(), version)
}

// secrets checks whether other users can read secrets in the configuration.
func (n *node) secrets(context.Context) check.Result {
	for _, f := range n.files {
		info, err := os.Stat(f.Path)
		if err != nil || runtime.GOOS == "windows" || info.Mode()&0o044 == 0 {
			continue
		}
		for _, p := range f.Providers {
			for _, v := range p.Env {
				if v.Value != "" && secretName().MatchString(v.Name) {
					return check.Failed("%s contains %s in plain text and is readable by other users", f.Path, v.Name).
						Then("sudo chmod 600 %s", f.Path)
				}
			}
		}
	}
	return check.OK("no secret in the configuration is readable by other users")
}

// secretName matches the names of variables that contain secrets.
var secretName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)SECRET|PASSW|SESSION_TOKEN`) })

// accounts checks which service account data the kubelet passes to the provider.
func (n *node) accounts(context.Context) check.Result {
	t := n.provider.TokenAttributes
	if t == nil {
		return check.Skipped("the kubelet passes no service account tokens, so all pods pull as the node")
	}
	named := slices.DeleteFunc(slices.Concat(t.RequiredAnnotations, t.OptionalAnnotations), func(key string) bool {
		return key != kubelet.PullRoleAnnotation && key != kubelet.RoleAnnotation
	})
	hasRole := value(n.env(), "AWS_ECR_ROLE_ARN") != "" || kubeletconfig.Flag(n.provider.Args, "--role-arn") != "" // without an annotation
	if len(named) == 0 && !hasRole {
		return check.Failed("the kubelet passes service account tokens, but no role annotation, so all pods pull as the node").
			Then("sudo %s --service-accounts", n.configure())
	}
	whose := "the role is set by AWS_ECR_ROLE_ARN or --role-arn"
	if len(named) > 0 {
		whose = "the role is set by the annotation " + strings.Join(named, " or ")
	}
	if t.RequireServiceAccount {
		whose += "; static pods, which have no service account, get no password"
	}
	return check.OK("the kubelet requests a token of the pod's service account for %s; %s; nodes need permission to request it "+
		"(verb request-serviceaccounts-token-audience on %[1]s for the group system:nodes), and without it a pod shows only 401 Unauthorized",
		t.Audience, whose).
		Then(`journalctl -u kubelet | grep "Failed to provide credentials for image"`)
}

// env returns the environment in which the kubelet runs the provider.
func (n *node) env() []string {
	env := slices.Clone(n.kubeletEnv)
	for _, v := range n.provider.Env {
		env = append(env, v.Name+"="+v.Value) // the last value applies
	}
	return env
}

// configEnv returns that environment, with the variable for the configuration set to the path in the provider's
// arguments.
func (n *node) configEnv() []string {
	env := n.env()
	if path := kubeletconfig.Flag(n.provider.Args, "--config"); path != "" {
		env = append(env, configpath.Variable+"="+path)
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

// usedName matches the names of variables that affect the provider.
var usedName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^AWS_|^ECR_LOGIN_|_PROXY$|^HOME$`) })

// variables returns the names of these variables, without values.
func variables(env []string) string {
	var names []string
	for _, v := range env {
		if name, _, _ := strings.Cut(v, "="); usedName().MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return cmp.Or(strings.Join(slices.Compact(names), ", "), "none that it uses")
}
