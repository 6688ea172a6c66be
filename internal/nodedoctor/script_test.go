//go:build unix

package nodedoctor_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/internal/cli"
	"ecrlogin/internal/fastpath"
	"ecrlogin/internal/process"
	"ecrlogin/internal/scripttest"
)

func TestMain(m *testing.M) {
	program := func() {
		p := &cli.Program{
			Name: os.Args[0], Version: "1.2.3", Env: process.Env(), Began: process.Began(),
			Stdin: fastpath.Stdin(), Stdout: os.Stdout, Stderr: os.Stderr,
		}
		os.Exit(p.Run(os.Args[1:]))
	}
	scripttest.Main(m, map[string]func(){"docker-credential-ecr-login": program, "ecr-credential-provider": program})
}

// TestScript runs each archive in testdata/script. In addition to the commands of package scripttest, the scripts use:
//
//	configure FILE [FLAG...]
//	    Run "configure kubelet" for the file and the program directory bin, and add variables to the provider: an access
//	    key, the proxy and the certificate authority of the AWS stand-in, and the cache directory tokens.
func TestScript(t *testing.T) {
	scripttest.Run(t, scripttest.Suite{Setup: setUp, Commands: map[string]scripttest.Command{"configure": configure}})
}

func setUp(env *testscript.Env) error {
	_, err := scripttest.StartAWS(env)
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return err
}

func configure(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: configure FILE [FLAG...]")
	}
	ts.Check(ts.Exec("docker-credential-ecr-login", append([]string{"configure", "kubelet", "--bin-dir", "bin", "--config-file", args[0]}, args[1:]...)...))
	variables := strings.NewReplacer("@WORK", ts.Getenv("WORK"), "@PROXY", ts.Getenv("PROXY"), "@BUNDLE", ts.Getenv("AWS_CA_BUNDLE")).Replace(env)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(ts.ReadFile(args[0])+variables), 0o644))
}

// env is the value of the provider, which ends the file.
const env = `    env:
      - name: AWS_ACCESS_KEY_ID
        value: AKIAIOSFODNN7EXAMPLE
      - name: AWS_SECRET_ACCESS_KEY
        value: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
      - name: AWS_CA_BUNDLE
        value: "@BUNDLE"
      - name: HTTPS_PROXY
        value: "@PROXY"
      - name: AWS_ECR_CACHE_DIR
        value: "@WORK/tokens"
`
