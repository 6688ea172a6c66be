package check

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"ecrlogin/credentials"
	"ecrlogin/internal/program"
)

// CheckRegistry checks whether the registry accepts the token. The request is from this process. Docker pulls through
// dockerd, which has its own proxy settings and certificate authorities.
func (p *Pull) CheckRegistry(ctx context.Context) Result {
	p.client = newClient(p.Host(), p.Token, p.Env.Get("AWS_CA_BUNDLE"))
	got, err := p.client.do(ctx, http.MethodGet, "/v2/")
	switch {
	case err != nil:
		return p.requestFailed(err).Otherwise("%s", p.checkTarget())
	case got.status == http.StatusOK && (p.client.authorization == "" || p.Token.Password == ""):
		return OK("%s responds without a password (from this process)", p.Address)
	case got.status == http.StatusOK:
		return OK("%s accepts the password (from this process)", p.Address)
	case got.status == http.StatusUnauthorized, got.status == http.StatusForbidden:
		return Failed("%s rejects the password%s", p.Address, got).Then("%s", p.checkTarget())
	}
	return Failed("%s does not respond like a registry%s", p.Address, got).Then("curl -sv https://%s/v2/", p.Address)
}

// requestFailed returns the result for a request without a valid response, whose error may repeat the request.
func (p *Pull) requestFailed(err error) Result {
	r := Error(err)
	if p.client.redact(r.Found) != r.Found {
		r.Found = fmt.Sprintf("%s returned an invalid response: %s", p.Address, credentials.Withheld)
	}
	return r
}

// checkTarget returns the next step if the host may not be the registry that issued the token.
func (p *Pull) checkTarget() string {
	if p.IsAlias() {
		return fmt.Sprintf("check that %s leads to %s, as configured in %s", p.Address, p.Registry, p.Config.Path)
	}
	return fmt.Sprintf("check that %s leads to Amazon ECR: curl -sv https://%[1]s/v2/", p.Address)
}

// manifestTypes are the media types that clients accept for an image.
var manifestTypes = []string{
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.docker.distribution.manifest.v2+json",
}

// CheckImage checks whether the image exists and can be pulled. It requires CheckRegistry.
func (p *Pull) CheckImage(ctx context.Context) Result {
	switch {
	case p.client == nil:
		return Skipped("skipped (the registry was not checked)")
	case p.Name == "":
		return Skipped("no image specified").Then("%s doctor %s/NAME:TAG", program.Command, p.Address)
	}
	path := "/v2/" + p.Name + "/manifests/" + p.Ref
	got, err := p.client.do(ctx, http.MethodHead, path, manifestTypes...)
	if err == nil && got.status/100 == 4 {
		got, err = p.client.do(ctx, http.MethodGet, path, manifestTypes...) // a HEAD response has no message
	}
	if err != nil {
		return p.requestFailed(err)
	}
	switch got.status {
	case http.StatusOK:
		return OK("%s %s exists and can be pulled", p.Name, p.Ref)
	case http.StatusNotFound:
		return Failed("%s has no %s %s%s", p.Address, p.Name, p.Ref, got).Then("%s", p.listImages())
	case http.StatusUnauthorized, http.StatusForbidden:
		return Failed("%s may not pull %s%s", cmp.Or(p.Caller.ARN, "this identity"), p.Name, got).Then("%s", p.permit(got.message))
	}
	return Failed("%s returned an error for %s %s%s", p.Address, p.Name, p.Ref, got).Then("try again later")
}

// listImages returns the command that lists the images.
func (p *Pull) listImages() string {
	r := p.Registry
	if r.Public {
		return "check the name and the tag: https://gallery.ecr.aws/" + p.Name
	}
	return fmt.Sprintf("aws ecr describe-images --registry-id %s --region %s --repository-name %s", r.Account, r.Region, p.Name)
}

// permissions are the IAM actions that a pull needs in addition to the token.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
const permissions = `"ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"`

// permit returns the step that allows a pull that was denied with a message. In the same account, it is a policy of the
// identity or of the repository. From another account, it is both. The session policy of a rule limits all of them.
func (p *Pull) permit(message string) string {
	r, caller := p.Registry, p.Caller.Account
	if rule, _ := p.Config.Rule(r.Host); rule.Identity.Policy != "" && strings.Contains(message, "session policy") {
		return fmt.Sprintf("add %s to repositories of the rule in line %d of %s", p.Name, rule.Line, p.Config.Path)
	}
	arn := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", r.Partition, r.Region, r.Account, p.Name)
	if caller == "" || caller == r.Account {
		return fmt.Sprintf("allow %s on %s for this identity in IAM", strings.NewReplacer(`"`, "", ",", ", ").Replace(permissions), arn)
	}
	return fmt.Sprintf("as account %s, which owns the repository (this replaces an existing policy): "+
		"aws ecr set-repository-policy --region %s --repository-name %s --policy-text "+
		`'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},"Action":[%s]}]}'; `+
		"and allow the same on %s for this identity in IAM",
		r.Account, r.Region, p.Name, r.Partition, caller, permissions, arn)
}
