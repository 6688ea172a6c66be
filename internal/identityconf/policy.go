package identityconf

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/credentials"
	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/registry"
)

// allowPull is the only value of allow.
const allowPull = "pull"

// Actions of a session policy. pullActions are those of a pull. The last three are those of the first pull of an image
// via a pull-through cache, when ECR imports it and creates its repository with tags. Without them, a role that may do
// so could not pull these images.
//
// Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
// and https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
var (
	tokenActions = []string{"ecr:GetAuthorizationToken"}
	pullActions  = []string{
		"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability",
		"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:TagResource",
	}
	allActions = []string{"ecr:*"}
)

// A statement is part of a policy. All statements allow.
type statement struct {
	Effect           string
	Action, Resource []string
}

// sessionPolicy returns the inline session policy for allow and repositories, with placeholders for the registry; "" if
// neither is set. Without repositories, it applies to all repositories of the registry.
func sessionPolicy(allow string, repositories []string) string {
	if allow == "" && len(repositories) == 0 {
		return ""
	}
	actions := allActions
	if allow == allowPull {
		actions = pullActions
	}
	if len(repositories) == 0 {
		repositories = []string{"*"}
	}
	var resources []string
	for _, r := range repositories {
		resources = append(resources, "arn:${partition}:ecr:${region}:${account}:repository/"+r)
	}
	b, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"Allow", tokenActions, []string{"*"}}, {"Allow", actions, resources}}})
	if err != nil {
		panic(err) // the types contain only strings
	}
	return string(b)
}

// PolicyText describes a session policy of a rule for messages, such as "pull from team-a/*". The identity has one.
func PolicyText(id credentials.Identity) string {
	var p struct{ Statement []statement }
	if err := json.Unmarshal([]byte(id.Policy), &p); err != nil || len(p.Statement) < 2 {
		return "unknown"
	}
	limited := p.Statement[1]
	var names []string
	for _, arn := range limited.Resource {
		_, name, _ := strings.Cut(arn, ":repository/")
		names = append(names, name)
	}
	what := "pull from "
	if slices.Equal(limited.Action, allActions) {
		what = "only "
	}
	return what + oneline.Value(strings.Join(names, ", "))
}

// checkAllow checks the value of allow.
func checkAllow(s string) error {
	if s != allowPull {
		return advice.Errorf("must be pull").
			Then("to push, omit allow; the session then has all permissions of the role, in repositories if set")
	}
	return nil
}

// repositoryList returns a field that reads the patterns of repositories.
func (k *Keys) repositoryList() strictyaml.Field {
	const wrong = "repositories must be a list of names or patterns, such as [team-a/*]"
	read := k.List(wrong, func(n *yaml.Node) error {
		var name string
		if err := k.Text(&name, checkRepository)(n); err != nil {
			return err
		}
		if slices.Contains(k.patterns, name) {
			return k.Wrong(n, advice.Errorf("duplicate value %q", oneline.Value(name)).Then("remove one"))
		}
		k.patterns = append(k.patterns, name)
		return nil
	})
	return func(n *yaml.Node) error {
		k.repositories = n
		err := read(n)
		if err == nil && len(k.patterns) == 0 {
			err = k.Wrong(n, advice.Errorf("repositories is empty").Then("list repositories, or remove the key"))
		}
		return err
	}
}

// maxRepository is the longest name of a repository, in characters.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
const maxRepository = 256

// checkRepository checks the name of a repository, or a pattern.
func checkRepository(s string) error {
	first, _, _ := strings.Cut(s, "/")
	_, err := registry.Parse(first)
	switch {
	case err == nil:
		return errors.New("must be a repository, without the host of its registry")
	case len(s) > maxRepository, strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._/-*?") != "",
		strings.HasPrefix(s, "/"), strings.HasSuffix(s, "/"), strings.Contains(s, "//"):
		return errors.New("must be the name of a repository without a tag, such as team-a/app, " +
			"or a pattern with * for any text and ? for one character, such as team-a/*")
	}
	return nil
}

// maxPolicy is the longest session policy, in characters.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const maxPolicy = 2048

// setPolicy sets the session policy. It returns an error if there is no role, or if the policy does not apply to one of
// the registries or is too long for it.
func (k *Keys) setPolicy(registries []registry.Registry) error {
	at, key := k.allow, "allow"
	if k.repositories != nil {
		at, key = k.repositories, "repositories"
	}
	switch {
	case at == nil:
		return nil
	case k.id.RoleARN == "":
		return k.Wrong(at, advice.Errorf("%s requires a role, because only the session of a role can have a session policy", key).
			Then("add roleArn, or limit the permissions of the identity in IAM"))
	}
	k.id.Policy = sessionPolicy(k.allowed, k.patterns)
	for _, r := range registries {
		length := len(Expand(credentials.Identity{Policy: k.id.Policy}, r).Policy)
		switch {
		case r.Public:
			return k.Wrong(at, advice.Errorf("%s is not supported for ECR Public (%s), where pulling requires no permission", key, r.Host).
				Then("remove the key, and limit pushes in the IAM policy of the role"))
		case length > maxPolicy:
			return k.Wrong(at, advice.Errorf("the session policy for %d repositories has %d characters, more than the limit of STS of %d",
				len(k.patterns), length, maxPolicy).Then("use patterns such as team-a/* for several repositories"))
		}
	}
	return nil
}
