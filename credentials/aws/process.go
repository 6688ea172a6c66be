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

// A process is the provider that runs a credential_process, in place of the SDK's. That one kills only the shell, reads
// output of any size, and passes the client's standard error on to whatever the process leaves running.
type process struct {
	command string          // for the shell
	ctx     context.Context // of the whole attempt: the SDK's cache hides its deadline from providers

	mu   sync.Mutex // held while the process runs
	done bool
	keys awssdk.Credentials
	err  error
}

// Retrieve implements aws.CredentialsProvider. The process is run once. The error is a *processError.
func (p *process) Retrieve(context.Context) (awssdk.Credentials, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.keys, p.err = p.run()
		p.done = true
	}
	return p.keys, p.err
}

// wait returns when the process has ended. The SDK's cache gives up at the deadline, perhaps before the process is killed.
func (p *process) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
}

// ProviderSources tells the SDK what to name in its user agent.
func (p *process) ProviderSources() []awssdk.CredentialSource {
	return []awssdk.CredentialSource{awssdk.CredentialSourceProfileProcess, awssdk.CredentialSourceProcess}
}

// run runs the process as the SDK does: by the shell, with this process's environment and standard input, and with standard
// error shown as it comes, since the process may ask its user for an MFA code.
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
		return awssdk.Credentials{}, &processError{cause: processFailure(err, time.Since(began)), err: err}
	}
	if result.ExitCode != 0 {
		return awssdk.Credentials{}, &processError{cause: fmt.Sprintf("credential_process failed: exit status %d", result.ExitCode)}
	}
	out := result.Stdout
	if runtime.GOOS == "windows" {
		out = bytes.ReplaceAll(out, []byte(`\"`), []byte(`"`)) // its echo escapes quotes
	}
	return parseProcess(out)
}

// parseProcess reads what a credential_process printed.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
func parseProcess(out []byte) (awssdk.Credentials, error) {
	var r processcreds.CredentialProcessResponse
	cause := ""
	switch err := json.Unmarshal(out, &r); {
	case err != nil: // which may repeat some of it
		cause = "credential_process did not print the JSON that the AWS SDKs expect"
	case r.Version != 1:
		cause = "credential_process output has an unsupported Version (not 1)"
	case r.AccessKeyID == "":
		cause = "credential_process output has no AccessKeyId"
	case r.SecretAccessKey == "":
		cause = "credential_process output has no SecretAccessKey"
	}
	if cause != "" {
		return awssdk.Credentials{}, &processError{cause: cause}
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

// A processError reports why a credential_process returned no credentials. It holds nothing of what the process printed, which
// may be a secret.
type processError struct {
	cause string
	err   error // of package subprocess; nil if the process ended by itself
}

func (e *processError) Error() string { return e.cause }

func (e *processError) Unwrap() error { return e.err }

// processFailure returns the cause for a process that was not allowed to end by itself, or did not start.
func processFailure(err error, took time.Duration) string {
	var canceled *subprocess.CanceledError
	switch {
	case errors.Is(err, subprocess.ErrDeadline):
		return fmt.Sprintf("credential_process did not finish within %s and was terminated", took.Round(100*time.Millisecond))
	case errors.Is(err, subprocess.ErrOutput):
		return fmt.Sprintf("credential_process printed more than %d bytes and was terminated", subprocess.DefaultMaxOutput)
	case errors.As(err, &canceled):
		return fmt.Sprintf("credential_process was terminated together with this process (%v)", canceled.Cause)
	}
	return "credential_process " + err.Error()
}

// withoutProcess are the options by which the SDK never runs a credential_process itself. Its own provider fails before it
// starts anything, and where a role is assumed with it, t.process takes its place. Elsewhere replace does that.
func (t *try) withoutProcess(o *config.LoadOptions) error {
	o.ProcessCredentialOptions = func(o *processcreds.Options) { o.Timeout = 0 }
	o.AssumeRoleCredentialOptions = func(o *stscreds.AssumeRoleOptions) { o.Client = roleClient{o.Client, t} }
	return nil
}

// replace returns t.process for the SDK's provider of a credential_process, and any other as it is.
func (t *try) replace(p awssdk.CredentialsProvider) awssdk.CredentialsProvider {
	if t.process != nil && awssdk.IsCredentialsProvider(p, (*processcreds.Provider)(nil)) {
		return t.process
	}
	return p
}

// A roleClient asks STS for a role with the credentials that replace returns.
type roleClient struct {
	stscreds.AssumeRoleAPIClient
	try *try
}

// AssumeRole implements stscreds.AssumeRoleAPIClient.
func (c roleClient) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, options ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	options = append(options, func(o *sts.Options) { o.Credentials = c.try.replace(o.Credentials) })
	return c.AssumeRoleAPIClient.AssumeRole(ctx, in, options...)
}
