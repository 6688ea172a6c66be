// Package scripttest runs testscript archives and provides the commands that the packages of this module share.
//
// Commands that control the AWS stand-in, for suites that call [StartAWS]:
//
//	aws-fault [-repeat] OPERATION CODE [MESSAGE]
//	    AWS returns this error, which repeats the request with -repeat. CODE may also be "hang", "drop" or "truncate".
//	aws-fault none
//	    End all faults.
//	aws-calls N [OPERATION]
//	    Fail unless AWS received N calls of the operation since the last check. Without OPERATION, all calls count.
//	aws-clock DURATION
//	    Set the clock of AWS back.
//	allow-role ARN [EXTERNALID]
//	    Allow every identity to assume a role, with that external ID.
//	allow-service-account ARN SUBJECT AUDIENCE
//	    Allow a Kubernetes service account to assume a role.
//	kubelet-requests SUBJECT AUDIENCE
//	    Create a cluster whose token issuer AWS trusts, and write requests of the kubelet for pods of a service account:
//	    to "pod" with the role pull, to "pod-other" with the role other, and to "pod-none" without a role. Those in "public"
//	    and "public-other" are for an image of ECR Public.
//	sso-login SESSION DURATION
//	    Write the SSO cache as "aws sso login" does, with a token that expires after DURATION. An expired token cannot be
//	    refreshed.
//	push-image IMAGE
//	    Push an image to the registry of the stand-in.
//	use-password pull|push IMAGE
//	! use-password pull|push IMAGE TEXT
//	    Use the password in the output of the last command: the response to a client or the kubelet, or only the password.
//	    With !, the registry must deny it with an error that contains TEXT.
//
// Commands for every suite:
//
//	save-output FILE
//	    Write the last command's standard output and standard error to a file, without what differs between machines.
//	write-program FILE OUTPUT
//	    Create a program that prints OUTPUT and succeeds.
//	copy-program FROM TO
//	    Copy a file, and make the copy executable.
//	[linux] exec terminal PROGRAM [ARGUMENT...]
//	    Run a program with a terminal as its standard output, and print what the terminal shows.
//
// Conditions for every suite:
//
//	[module-before:PATH]
//	    Whether the path of this module sorts before an import path, which decides the order of initialization.
//
// A suite describes the commands that only its scripts use in its own test files.
package scripttest

import (
	"crypto/fips140"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// A Command is the implementation of a script command.
type Command = func(ts *testscript.TestScript, neg bool, args []string)

// A Suite is what differs between the suites of scripts.
type Suite struct {
	Setup     func(env *testscript.Env) error
	Normalize func(ts *testscript.TestScript, output string) string // for save-output; nil removes the work directory
	Commands  map[string]Command                                    // in addition to those of this package
}

// Main is [testscript.Main] with the programs for every suite.
func Main(m *testing.M, programs map[string]func()) {
	programs["terminal"] = terminal
	testscript.Main(m, programs)
}

// Run runs each archive in testdata/script. UPDATE_SCRIPTS=1 updates the expected output.
func Run(t *testing.T, s Suite) {
	t.Helper()
	if s.Normalize == nil {
		s.Normalize = removeWork
	}
	commands := map[string]Command{
		"aws-fault":             awsFault,
		"aws-calls":             awsCalls,
		"aws-clock":             awsClock,
		"allow-role":            allowRole,
		"allow-service-account": allowServiceAccount,
		"kubelet-requests":      kubeletRequests,
		"sso-login":             ssoLogin,
		"push-image":            pushImage,
		"use-password":          usePassword,
		"write-program":         writeProgram,
		"copy-program":          copyProgram,
		"save-output": func(ts *testscript.TestScript, neg bool, args []string) {
			usage(ts, !neg && len(args) == 1, "save-output FILE")
			write(ts, args[0], s.Normalize(ts, ts.ReadFile("stdout")+ts.ReadFile("stderr")), 0o600)
		},
	}
	maps.Copy(commands, s.Commands)
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds:          commands,
		Condition:     condition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each command ends a second late
			if settings := os.Getenv("GODEBUG"); settings != "" {
				env.Setenv("GODEBUG", settings) // such as fips140=only
			}
			return s.Setup(env)
		},
	})
}

// condition implements the conditions of scripts: [module-before:PATH], if the module path is before "ecrlogin", and
// [fips140only], if only algorithms of FIPS 140-3 are allowed.
func condition(text string) (bool, error) {
	if text == "fips140only" {
		return fips140.Enforced(), nil
	}
	path, ok := strings.CutPrefix(text, "module-before:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", text)
	}
	return path > "ecrlogin", nil
}

// removeWork removes the path of the work directory, which differs between runs.
func removeWork(ts *testscript.TestScript, output string) string {
	return strings.ReplaceAll(output, ts.Getenv("WORK")+string(filepath.Separator), "")
}

func writeProgram(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "write-program FILE OUTPUT")
	writeExecutable(ts, args[0], "#!/bin/sh\necho '"+args[1]+"'\n")
}

func copyProgram(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "copy-program FROM TO")
	writeExecutable(ts, args[1], ts.ReadFile(args[0]))
}

// writeExecutable writes a program. Meanwhile, no process is started, such as that of another script: it could have the
// file open for writing until it executes its own program, and such a file cannot be executed (ETXTBSY).
func writeExecutable(ts *testscript.TestScript, file, content string) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	write(ts, file, content, 0o755)
}

func write(ts *testscript.TestScript, file, content string, mode os.FileMode) {
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(content), mode))
}

// usage ends the script unless the arguments of a command are valid.
func usage(ts *testscript.TestScript, valid bool, want string) {
	if !valid {
		ts.Fatalf("usage: %s", want)
	}
}
