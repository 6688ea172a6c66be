package identityconf

import (
	"testing"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

func TestSessionPolicy(t *testing.T) {
	for _, tt := range []struct {
		name, host, allow string
		repositories      []string
		want, text        string
	}{
		{"none", "123456789012.dkr.ecr.us-west-2.amazonaws.com", "", nil, "", "unknown"},
		{"pull", "123456789012.dkr.ecr.us-west-2.amazonaws.com", "pull", nil, `{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]},` +
			`{"Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability",` +
			`"ecr:BatchImportUpstreamImage","ecr:CreateRepository","ecr:TagResource"],` +
			`"Resource":["arn:aws:ecr:us-west-2:123456789012:repository/*"]}]}`, "pull from *"},
		{"repositories", "444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn", "", []string{"team-a/*", "base"}, `{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]},` +
			`{"Effect":"Allow","Action":["ecr:*"],"Resource":["arn:aws-cn:ecr:cn-north-1:444455556666:repository/team-a/*",` +
			`"arn:aws-cn:ecr:cn-north-1:444455556666:repository/base"]}]}`, "only team-a/*, base"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := registry.Parse(tt.host)
			if err != nil {
				t.Fatal(err)
			}
			id := Expand(credentials.Identity{Policy: sessionPolicy(tt.allow, tt.repositories)}, r)
			if id.Policy != tt.want {
				t.Errorf("got  %s\nwant %s", id.Policy, tt.want)
			}
			if got := PolicyText(id); got != tt.text {
				t.Errorf("described as %q, want %q", got, tt.text)
			}
		})
	}
}
