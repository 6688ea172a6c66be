package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
)

// registryAnswers checks whether the registry accepts the token. The request is from this process. Docker pulls
// through dockerd, which has its own proxy settings and certificate authorities.
func (e *exam) registryAnswers(ctx context.Context) result {
	e.answers = newAnswers(strings.ToLower(e.address), e.token)
	got, err := e.answers.ask(ctx, http.MethodGet, "/v2/")
	switch {
	case err != nil:
		cause, next := e.unanswered(err)
		return failed("%s", cause).then("%s", cmp.Or(next, e.elsewhere()))
	case got.status == http.StatusOK && !e.answers.wanted:
		return ok("%s responds without a password (from this process)", e.address)
	case got.status == http.StatusOK:
		return ok("%s accepts the password (from this process)", e.address)
	case got.status == http.StatusUnauthorized, got.status == http.StatusForbidden:
		return failed("%s rejects the password%s", e.address, said(got)).then("%s", e.elsewhere())
	}
	return failed("%s does not respond like a registry%s", e.address, said(got)).then("curl -sv https://%s/v2/", e.address)
}

// unanswered returns the cause and the next step for a request without a valid response.
func (e *exam) unanswered(err error) (cause, next string) {
	cause, next = aws.Advice(err)
	if e.answers.safe(cause) != cause {
		cause = fmt.Sprintf("%s returned an invalid response: %s", e.address, credentials.Withheld)
	}
	return cause, next
}

// said returns the status and the message of a response.
func said(got answer) string {
	if got.message == "" {
		return fmt.Sprintf(" (status %d)", got.status)
	}
	return fmt.Sprintf(" (status %d): %s", got.status, got.message)
}

// elsewhere returns the next step if the host may not be the registry that issued the token.
func (e *exam) elsewhere() string {
	if e.isAlias() {
		return fmt.Sprintf("check that %s leads to %s, as configured in %s", e.address, e.registry, e.Config.Path)
	}
	return fmt.Sprintf("check that %s leads to Amazon ECR: curl -sv https://%[1]s/v2/", e.address)
}

// manifestTypes are the media types that clients accept for an image.
var manifestTypes = []string{
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.docker.distribution.manifest.v2+json",
}

// imageIsThere checks whether the image exists and can be pulled.
func (e *exam) imageIsThere(ctx context.Context) result {
	if e.name == "" {
		return skipped("no image specified").then("%s doctor %s/NAME:TAG", binary, e.address)
	}
	path := "/v2/" + e.name + "/manifests/" + e.ref
	got, err := e.answers.ask(ctx, http.MethodHead, path, manifestTypes...)
	if err == nil && got.status/100 == 4 {
		got, err = e.answers.ask(ctx, http.MethodGet, path, manifestTypes...) // a HEAD response has no message
	}
	if err != nil {
		cause, next := e.unanswered(err)
		return e.or(failed("%s", cause).then("%s", next))
	}
	switch got.status {
	case http.StatusOK:
		return ok("%s %s exists and can be pulled", e.name, e.ref)
	case http.StatusNotFound:
		return failed("%s has no %s %s%s", e.address, e.name, e.ref, said(got)).then("%s", e.describe())
	case http.StatusUnauthorized, http.StatusForbidden:
		return failed("%s may not pull %s%s", e.who(), e.name, said(got)).then("%s", e.permit())
	}
	return failed("%s returned an error for %s %s%s", e.address, e.name, e.ref, said(got)).then("try again later")
}

func (e *exam) who() string {
	if e.caller.ARN != "" {
		return e.caller.ARN
	}
	return "this identity"
}

// describe returns the command that lists the images.
func (e *exam) describe() string {
	r := e.registry
	if r.Public {
		return "check the name and the tag: https://gallery.ecr.aws/" + e.name
	}
	return fmt.Sprintf("aws ecr describe-images --registry-id %s --region %s --repository-name %s", r.Account, r.Region, e.name)
}

// permissions are the IAM actions that a pull needs in addition to the token.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
const permissions = `"ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"`

// permit returns the step that allows the pull. In the same account, it is a policy of the identity or of the
// repository. From another account, it is both.
func (e *exam) permit() string {
	r := e.registry
	arn := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", r.Partition, r.Region, r.Account, e.name)
	if e.caller.Account == "" || e.caller.Account == r.Account {
		return fmt.Sprintf("allow %s on %s for this identity in IAM", strings.NewReplacer(`"`, "", ",", ", ").Replace(permissions), arn)
	}
	return fmt.Sprintf(`as account %s, which owns the repository (this replaces an existing policy): aws ecr set-repository-policy --region %s --repository-name %s --policy-text `+
		`'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},"Action":[%s]}]}'; and allow the same on %s for this identity in IAM`,
		r.Account, r.Region, e.name, r.Partition, e.caller.Account, permissions, arn)
}
