package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecrlogin/internal/subprocess"
)

// A process is a credentials provider that runs a credential_process. It replaces the provider of the SDK, which kills
// only the shell, reads output of any size, and leaves the client's standard error open in child processes.
type process struct {
	command string          // for the shell
	ctx     context.Context // of the whole try, because the SDK's cache hides the deadline from providers

	mu   sync.Mutex // held while the process runs
	done bool
	keys awssdk.Credentials
	err  error
}

// Retrieve implements aws.CredentialsProvider. It runs the process once. The error is a processError.
func (p *process) Retrieve(context.Context) (awssdk.Credentials, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.keys, p.err = p.run()
		p.done = true
	}
	return p.keys, p.err
}

// wait returns when the process has ended. The SDK's cache returns at the deadline, possibly before the process is
// killed.
func (p *process) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
}

// ProviderSources returns the credential sources that the SDK adds to its user agent.
func (p *process) ProviderSources() []awssdk.CredentialSource {
	return []awssdk.CredentialSource{awssdk.CredentialSourceProfileProcess, awssdk.CredentialSourceProcess}
}

// run runs the process as the SDK does: in a shell, with the environment and standard input of this process. Standard
// error is passed through, because the process may prompt the user for an MFA code.
func (p *process) run() (awssdk.Credentials, error) {
	ctx, cancel := p.ctx, context.CancelFunc(func() {})
	if _, ok := ctx.Deadline(); !ok {
		ctx, cancel = context.WithTimeout(ctx, processcreds.DefaultTimeout)
	}
	defer cancel()
	began := time.Now()
	c := subprocess.Command{Path: "sh", Args: []string{"sh", "-c", p.command}, Stdin: os.Stdin, Stderr: os.Stderr}
	if runtime.GOOS == "windows" {
		c.Path, c.Args = "cmd.exe", []string{"cmd.exe", "/C", p.command}
	}
	result, err := c.Run(ctx)
	if err != nil {
		return awssdk.Credentials{}, processFailure(err, time.Since(began))
	}
	if result.ExitCode != 0 {
		return awssdk.Credentials{}, processError(fmt.Sprintf("credential_process failed: exit status %d", result.ExitCode))
	}
	out := result.Stdout
	if runtime.GOOS == "windows" {
		out = bytes.ReplaceAll(out, []byte(`\"`), []byte(`"`)) // echo escapes quotes on Windows
	}
	return parseProcess(out)
}

// parseProcess parses the output of a credential_process.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
func parseProcess(out []byte) (awssdk.Credentials, error) {
	var r processcreds.CredentialProcessResponse
	var cause processError
	switch err := json.Unmarshal(out, &r); {
	case err != nil: // err may contain part of the output
		cause = "credential_process did not print the JSON that the AWS SDKs expect"
	case r.Version != 1:
		cause = "credential_process output has an unsupported Version (not 1)"
	case r.AccessKeyID == "":
		cause = "credential_process output has no AccessKeyId"
	case r.SecretAccessKey == "":
		cause = "credential_process output has no SecretAccessKey"
	}
	if cause != "" {
		return awssdk.Credentials{}, cause
	}
	keys := awssdk.Credentials{
		Source:          processcreds.ProviderName,
		AccessKeyID:     r.AccessKeyID,
		SecretAccessKey: r.SecretAccessKey,
		SessionToken:    r.SessionToken,
		AccountID:       r.AccountID,
	}
	if r.Expiration != nil {
		keys.CanExpire, keys.Expires = true, *r.Expiration
	}
	return keys, nil
}

// A processError reports why a credential_process returned no credentials. It contains none of the output, which may
// be secret.
type processError string

func (e processError) Error() string { return string(e) }

// processFailure returns the error for a process that was terminated or did not start.
func processFailure(err error, took time.Duration) processError {
	what := err.Error()
	switch {
	case errors.Is(err, subprocess.ErrDeadline):
		what = fmt.Sprintf("did not finish within %s and was terminated", took.Round(100*time.Millisecond))
	case errors.Is(err, subprocess.ErrOutput):
		what = fmt.Sprintf("printed more than %d bytes and was terminated", subprocess.MaxOutput)
	}
	return processError("credential_process " + what)
}

// withoutProcess sets options that keep the SDK from running a credential_process itself. A timeout of 0 makes its
// provider fail before it starts the process. If a role is assumed with it, roleClient uses t.process instead;
// elsewhere replace does.
func (t *try) withoutProcess(o *config.LoadOptions) error {
	o.ProcessCredentialOptions = func(o *processcreds.Options) { o.Timeout = 0 }
	o.AssumeRoleCredentialOptions = func(o *stscreds.AssumeRoleOptions) { o.Client = roleClient{o.Client, t} }
	return nil
}

// replace returns t.process for the SDK's credential_process provider, and p for any other provider.
func (t *try) replace(p awssdk.CredentialsProvider) awssdk.CredentialsProvider {
	if t.process != nil && awssdk.IsCredentialsProvider(p, (*processcreds.Provider)(nil)) {
		return t.process
	}
	return p
}

// A roleClient calls STS with the credentials that replace returns.
type roleClient struct {
	stscreds.AssumeRoleAPIClient
	try *try
}

// AssumeRole implements stscreds.AssumeRoleAPIClient.
func (c roleClient) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, options ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	options = append(options, func(o *sts.Options) { o.Credentials = c.try.replace(o.Credentials) })
	return c.AssumeRoleAPIClient.AssumeRole(ctx, in, options...)
}
