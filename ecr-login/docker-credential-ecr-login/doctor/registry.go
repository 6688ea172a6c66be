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

// registryAnswers looks whether the registry takes the token. It is asked by this process; dockerd, which does the
// pulling for Docker, has a proxy and certificate authorities of its own.
func (e *exam) registryAnswers(ctx context.Context) result {
	e.answers = newAnswers(strings.ToLower(e.address), e.token)
	got, err := e.answers.ask(ctx, http.MethodGet, "/v2/")
	switch {
	case err != nil:
		cause, next := e.unanswered(err)
		return failed("%s", cause).then("%s", cmp.Or(next, e.elsewhere()))
	case got.status == http.StatusOK && !e.answers.wanted:
		return ok("%s answers without a password, as seen from this process", e.address)
	case got.status == http.StatusOK:
		return ok("%s takes the password, as seen from this process", e.address)
	case got.status == http.StatusUnauthorized, got.status == http.StatusForbidden:
		return failed("%s does not take the password%s", e.address, said(got)).then("%s", e.elsewhere())
	}
	return failed("%s answers as no registry does%s", e.address, said(got)).then("curl -sv https://%s/v2/", e.address)
}

// unanswered takes apart why the registry gave no answer that can be read.
func (e *exam) unanswered(err error) (cause, next string) {
	cause, next = aws.Advice(err)
	if e.answers.safe(cause) != cause {
		cause = fmt.Sprintf("%s returned an invalid response: %s", e.address, credentials.Withheld)
	}
	return cause, next
}

// said tells what a registry answered.
func said(got answer) string {
	if got.message == "" {
		return fmt.Sprintf(" (status %d)", got.status)
	}
	return fmt.Sprintf(" (status %d): %s", got.status, got.message)
}

// elsewhere tells what to look at when the registry is not the one that the token is for.
func (e *exam) elsewhere() string {
	if e.isAlias() {
		return fmt.Sprintf("see that %s leads to %s, as %s says", e.address, e.registry, e.Config.Path)
	}
	return fmt.Sprintf("see that %s leads to Amazon ECR: curl -sv https://%[1]s/v2/", e.address)
}

// manifestTypes are what clients take for an image.
var manifestTypes = []string{
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.docker.distribution.manifest.v2+json",
}

// imageIsThere looks whether the image may be pulled.
func (e *exam) imageIsThere(ctx context.Context) result {
	if e.name == "" {
		return skipped("none was named").then("%s doctor %s/NAME:TAG", binary, e.address)
	}
	path := "/v2/" + e.name + "/manifests/" + e.ref
	got, err := e.answers.ask(ctx, http.MethodHead, path, manifestTypes...)
	if err == nil && got.status/100 == 4 {
		got, err = e.answers.ask(ctx, http.MethodGet, path, manifestTypes...) // the answer to HEAD has no words
	}
	if err != nil {
		cause, next := e.unanswered(err)
		return e.or(failed("%s", cause).then("%s", next))
	}
	switch got.status {
	case http.StatusOK:
		return ok("%s %s is there and may be pulled", e.name, e.ref)
	case http.StatusNotFound:
		return failed("%s has no %s %s%s", e.address, e.name, e.ref, said(got)).then("%s", e.describe())
	case http.StatusUnauthorized, http.StatusForbidden:
		return failed("%s may not pull %s%s", e.who(), e.name, said(got)).then("%s", e.permit())
	}
	return failed("%s answers for %s %s with an error%s", e.address, e.name, e.ref, said(got)).then("try again in a while")
}

func (e *exam) who() string {
	if e.caller.ARN != "" {
		return e.caller.ARN
	}
	return "this identity"
}

// describe is the command that shows which images there are.
func (e *exam) describe() string {
	r := e.registry
	if r.Public {
		return "look whether name and tag are right: https://gallery.ecr.aws/" + e.name
	}
	return fmt.Sprintf("aws ecr describe-images --registry-id %s --region %s --repository-name %s", r.Account, r.Region, e.name)
}

// permissions are what a pull needs beside the token.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
const permissions = `"ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"`

// permit tells what allows the pull: in the same account a policy of the identity or of the repository; from another
// account, both.
func (e *exam) permit() string {
	r := e.registry
	arn := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", r.Partition, r.Region, r.Account, e.name)
	if e.caller.Account == "" || e.caller.Account == r.Account {
		return fmt.Sprintf("allow %s on %s for it in IAM", strings.NewReplacer(`"`, "", ",", ", ").Replace(permissions), arn)
	}
	return fmt.Sprintf(`as account %s, whose repository it is (this replaces a policy that is there): aws ecr set-repository-policy --region %s --repository-name %s --policy-text `+
		`'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},"Action":[%s]}]}'; and allow the same on %s for this identity in IAM`,
		r.Account, r.Region, e.name, r.Partition, e.caller.Account, permissions, arn)
}
