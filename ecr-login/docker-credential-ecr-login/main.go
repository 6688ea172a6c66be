// Command docker-credential-ecr-login gives Docker, Podman, BuildKit and their kin a password for Amazon ECR at the
// moment they need one. They run it as credential helper; see docs/clients.md.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"ecrlogin/cache"
	"ecrlogin/cache/store"
	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/docker"
	"ecrlogin/ecr-login/docker-credential-ecr-login/hit"
)

func main() {
	// The program is over before its garbage is worth collecting; the limit is for the day when it is not.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(64 << 20)
	os.Exit(run(os.Args[1:], hit.Stdin(), os.Stdout, os.Stderr))
}

const usage = `docker-credential-ecr-login gives container tools a password for Amazon ECR whenever they need one.

Docker and the others run it by themselves, once their configuration names it. For one registry, in ~/.docker/config.json:

    {"credHelpers": {"123456789012.dkr.ecr.us-west-2.amazonaws.com": "ecr-login"}}

Usage: docker-credential-ecr-login ACTION

    get        print user name and password for the registry whose host is on standard input, as JSON
    list       print the registries with a password at hand, as JSON
    store      accept a password on standard input; for an ECR registry it is not needed and not kept
    erase      forget the passwords of a registry
    version    print the version
    cache      list, clear or find what is kept; see "cache --help"

For example, to see that it works and as whom:

    echo 123456789012.dkr.ecr.us-west-2.amazonaws.com | ECR_LOGIN_LOG=info docker-credential-ecr-login get >/dev/null

Environment: all that the AWS SDKs read, such as AWS_PROFILE; and

    ECR_LOGIN_TIMEOUT      the longest a get may take, e.g. 30s or 2m; 15s if not set
    ECR_LOGIN_LOG          debug or info: say on standard error what was tried and how long it took
    AWS_ECR_CACHE_DIR      the folder to keep tokens in, if not the user's cache folder
    AWS_ECR_DISABLE_CACHE  if not empty, keep nothing
`

// run is the program without its process. It exits with 0 on success, 1 when the action failed or found nothing, and 2
// when it was called wrongly.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (exit int) {
	if len(args) > 0 && args[0] == "cache" {
		return cacheCommand(args[1:], stdout, stderr)
	}
	if len(args) != 1 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	switch action := args[0]; action {
	case "-h", "--help", "help":
		fmt.Fprint(stdout, usage)
		return 0
	case "-v", "--version", "version":
		fmt.Fprintln(stdout, "docker-credential-ecr-login", programVersion())
		return 0
	case "get", "list", "store", "erase":
		env := readEnvironment(stderr)
		source := &cache.Cache{Source: &aws.Source{Log: env.log}, Dir: store.Dir(), Notices: stderr, Log: env.log, Since: hit.Began(), Held: hit.Held()}
		h := &docker.Helper{Source: source, Timeout: env.timeout - time.Since(hit.Began()), Notices: stderr}
		return docker.Serve(h, action, stdin, stdout, stderr)
	default:
		fmt.Fprintf(stderr, "unknown action %q; the actions are get, list, store, erase, version and cache (see --help)\n", action)
		return 2
	}
}

// version is set by the linker; a program built by go install knows it from its module.
var version string

func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown version)"
}
