package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"
	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/fastpath"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"docker-credential-ecr-login": main, "ecr-credential-provider": main})
}

// TestScript runs each archive in testdata/script with its own stand-in for AWS. The environment of each script
// contains an identity and uses the stand-in as a proxy, so that the program connects to AWS by its real host names.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:         setUp,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"fault":   fault,
			"called":  called,
			"role":    role,
			"cluster": cluster,
			"trust":   trust,
			"told":    told,
		},
	})
}

// TestFastPathAgrees compares the value that package fastpath repeats, to avoid an import, with the original.
func TestFastPathAgrees(t *testing.T) {
	if want := helper.NewErrCredentialsNotFound().Error() + "\n"; fastpath.NotFound != want {
		t.Errorf("fastpath.NotFound is %q, want %q", fastpath.NotFound, want)
	}
}

type cloudKey struct{}

func setUp(env *testscript.Env) error {
	dir := filepath.Join(env.WorkDir, ".cloud")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	cloud, err := awstest.Start(awstest.Options{Dir: dir})
	if err != nil {
		return err
	}
	env.Defer(cloud.Close)
	env.Values[cloudKey{}] = cloud
	env.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each command ends a second late
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("AWS_ACCESS_KEY_ID", awstest.KeyID)
	env.Setenv("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
	env.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
	env.Setenv("AWS_CA_BUNDLE", cloud.CAFile)
	env.Setenv("HTTPS_PROXY", cloud.Proxy)
	env.Setenv("CLOUD", cloud.URL)
	env.Setenv("PROXY", cloud.Proxy)
	return nil
}

func cloudOf(ts *testscript.TestScript) *awstest.Server {
	return ts.Value(cloudKey{}).(*awstest.Server)
}

// fault OPERATION CODE [repeat] makes AWS return an error, which repeats the request with "repeat". CODE may also be
// "hang", "drop" or "truncate". "fault none" ends all faults.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	if !neg && len(args) == 1 && args[0] == "none" {
		cloudOf(ts).ClearFaults()
		return
	}
	repeat := len(args) == 3 && args[2] == "repeat"
	if neg || len(args) != 2 && !repeat {
		ts.Fatalf("usage: fault OPERATION CODE [repeat] | none")
	}
	f := awstest.Fault{Op: awstest.Operation(args[0]), Type: args[1], EchoRequest: repeat}
	switch args[1] {
	case "hang":
		f = awstest.Fault{Op: f.Op, Hang: true}
	case "drop":
		f = awstest.Fault{Op: f.Op, Drop: true}
	case "truncate":
		f = awstest.Fault{Op: f.Op, Truncate: true}
	}
	cloudOf(ts).Inject(f)
}

// told HOST FILE requests a password via every front end, and fails unless each request fails with the line in the
// file, which starts with the host: on both streams for the Docker protocol, on stderr for users and for kubelet, and
// in a check of doctor.
func told(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: told HOST FILE")
	}
	host, want := args[0], strings.ReplaceAll(ts.ReadFile(args[1]), "$WORK", ts.Getenv("WORK"))
	fails := func(stdin, program string, args ...string) (stdout, stderr string) {
		ts.Check(os.WriteFile(ts.MkAbs("stdin"), []byte(stdin), 0o600))
		if err := ts.Exec("sh", append([]string{"-c", `"$@" <stdin`, "sh", program}, args...)...); err == nil {
			ts.Fatalf("%s %s did not fail", program, args)
		}
		return ts.ReadFile("stdout"), ts.ReadFile("stderr")
	}
	equal := func(what, got, want string) {
		if got != want {
			ts.Fatalf("%s\n got %swant %s", what, got, want)
		}
	}
	const helper = "docker-credential-ecr-login"
	stdout, stderr := fails(host, helper, "get")
	equal("get, standard output", stdout, want)
	equal("get, standard error", stderr, want)
	stdout, stderr = fails("", helper, "password", host)
	equal("password, standard output", stdout, "")
	equal("password, standard error", stderr, want)
	stdout, stderr = fails(fmt.Sprintf(`{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"%s/app"}`, host), "ecr-credential-provider")
	equal("kubelet, standard output", stdout, "")
	equal("kubelet, standard error", stderr+"\n", want)
	stdout, _ = fails("", helper, "doctor", host)
	cause, _, _ := strings.Cut(strings.TrimPrefix(want, host+": "), "; ")
	if !strings.Contains(stdout, ": "+cause+" (") {
		ts.Fatalf("doctor does not print %q", cause)
	}
}

// called N [OPERATION] fails unless AWS received N calls of the operation since the last check; without OPERATION,
// all calls count.
func called(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: called N [OPERATION]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	cloud := cloudOf(ts)
	got := len(cloud.Calls())
	if len(args) == 2 {
		got = cloud.Count(awstest.Operation(args[1]))
	}
	cloud.ResetCalls()
	if got != want {
		ts.Fatalf("AWS was called %d times, want %d", got, want)
	}
}

// role ARN EXTERNALID allows every identity to assume a role with that external ID.
func role(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: role ARN EXTERNALID")
	}
	cloudOf(ts).AllowRoleWithExternalID(args[0], args[1])
}

// cluster SUBJECT AUDIENCE creates a cluster whose token issuer AWS trusts, and writes requests for pods of it: "pod"
// with the role pull, "pod-other" with the role other, and "pod-none" without a role.
func cluster(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cluster SUBJECT AUDIENCE")
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	ts.Check(err)
	cloudOf(ts).TrustIssuer(&key.PublicKey)
	claims := fmt.Sprintf(`{"sub":%q,"aud":[%q],"iss":"https://cluster.example","exp":%d}`, args[0], args[1], time.Now().Add(time.Hour).Unix())
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	ts.Check(err)
	token := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	for name, annotations := range map[string]string{
		"pod":       `{"eks.amazonaws.com/ecr-role-arn":"arn:aws:iam::123456789012:role/pull"}`,
		"pod-other": `{"eks.amazonaws.com/role-arn":"arn:aws:iam::123456789012:role/other"}`,
		"pod-none":  `{}`,
	} {
		request := fmt.Sprintf(`{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"123456789012.dkr.ecr.us-west-2.amazonaws.com/app","serviceAccountToken":%q,"serviceAccountAnnotations":%s}`, token, annotations)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(request), 0o600))
	}
}

// trust ROLE SUBJECT AUDIENCE allows a service account to assume a role.
func trust(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: trust ROLE SUBJECT AUDIENCE")
	}
	cloudOf(ts).AllowRoleForSubject(args[0], args[1], args[2])
}
