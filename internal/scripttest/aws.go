package scripttest

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/internal/awstest"
)

type awsKey struct{}

// StartAWS starts a stand-in for AWS until the script ends. The environment of the script contains an identity and uses
// the stand-in as a proxy, so that the program connects to AWS by its real host names.
func StartAWS(env *testscript.Env) (*awstest.Server, error) {
	dir := filepath.Join(env.WorkDir, ".aws-stand-in")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	server, err := awstest.Start(awstest.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	env.Defer(server.Close)
	env.Values[awsKey{}] = server
	env.Setenv("AWS_ACCESS_KEY_ID", awstest.KeyID)
	env.Setenv("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
	env.Setenv("AWS_CA_BUNDLE", server.CAFile)
	env.Setenv("HTTPS_PROXY", server.Proxy)
	env.Setenv("PROXY", server.Proxy)
	return server, nil
}

// AWS returns the stand-in that StartAWS started.
func AWS(ts *testscript.TestScript) *awstest.Server {
	return ts.Value(awsKey{}).(*awstest.Server)
}

func awsFault(ts *testscript.TestScript, neg bool, args []string) {
	if !neg && len(args) == 1 && args[0] == "none" {
		AWS(ts).ClearFaults()
		return
	}
	repeat := len(args) > 0 && args[0] == "-repeat"
	if repeat {
		args = args[1:]
	}
	usage(ts, !neg && (len(args) == 2 || len(args) == 3), "aws-fault [-repeat] OPERATION CODE [MESSAGE] | none")
	f := awstest.Fault{Op: awstest.Operation(args[0]), Type: args[1], EchoRequest: repeat}
	switch args[1] {
	case "hang":
		f = awstest.Fault{Op: f.Op, Hang: true}
	case "drop":
		f = awstest.Fault{Op: f.Op, Drop: true}
	case "truncate":
		f = awstest.Fault{Op: f.Op, Truncate: true}
	}
	if len(args) == 3 {
		f.Message = args[2]
	}
	AWS(ts).Inject(f)
}

func awsCalls(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 1 || len(args) == 2), "aws-calls N [OPERATION]")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	server := AWS(ts)
	got := len(server.Calls())
	if len(args) == 2 {
		got = server.Count(awstest.Operation(args[1]))
	}
	server.ResetCalls()
	if got != want {
		ts.Fatalf("AWS was called %d times, want %d", got, want)
	}
}

func awsClock(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "aws-clock DURATION")
	back := duration(ts, args[0])
	AWS(ts).SetClock(func() time.Time { return time.Now().Add(-back) })
}

func allowRole(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 1 || len(args) == 2), "allow-role ARN [EXTERNALID]")
	if len(args) == 1 {
		AWS(ts).AllowRole(args[0])
		return
	}
	AWS(ts).AllowRoleWithExternalID(args[0], args[1])
}

func allowServiceAccount(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "allow-service-account ARN SUBJECT AUDIENCE")
	AWS(ts).AllowRoleForSubject(args[0], args[1], args[2])
}

func ssoLogin(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "sso-login SESSION DURATION")
	life := duration(ts, args[1])
	server := AWS(ts)
	ts.Check(server.WriteSSOCache(ts.Getenv("HOME"), args[0], time.Now().Add(life)))
	if life < 0 {
		server.Inject(awstest.Fault{Op: awstest.CreateToken, Type: "InvalidGrantException", Message: "Invalid refresh token provided"})
	}
}

func pushImage(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "push-image IMAGE")
	ref, err := name.ParseReference(args[0])
	ts.Check(err)
	server := AWS(ts)
	ts.Check(remote.Write(ref, empty.Image, remote.WithTransport(server.Client().Transport),
		remote.WithAuth(&authn.Basic{Username: "AWS", Password: server.IssueToken("us-west-2", false)})))
}

// passwordPattern finds the password in the response to a client or to the kubelet.
var passwordPattern = regexp.MustCompile(`"(?:Secret|password)":"([^"]+)"`)

func usePassword(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 2 && !neg || len(args) == 3 && neg, "use-password pull|push IMAGE, or ! use-password pull|push IMAGE TEXT")
	ref, err := name.ParseReference(args[1])
	ts.Check(err)
	password := strings.TrimSpace(ts.ReadFile("stdout"))
	if found := passwordPattern.FindStringSubmatch(password); found != nil {
		password = found[1]
	}
	options := []remote.Option{remote.WithTransport(AWS(ts).Client().Transport),
		remote.WithAuth(&authn.Basic{Username: "AWS", Password: password})}
	if args[0] == "push" {
		err = remote.Write(ref, empty.Image, options...)
	} else {
		_, err = remote.Get(ref, options...)
	}
	switch {
	case !neg:
		ts.Check(err)
	case err == nil:
		ts.Fatalf("%s succeeded", args[0])
	case !strings.Contains(err.Error(), args[2]):
		ts.Fatalf("%s failed with: %v", args[0], err)
	}
}

func duration(ts *testscript.TestScript, text string) time.Duration {
	d, err := time.ParseDuration(text)
	ts.Check(err)
	return d
}
