package config_test

import (
	"strings"
	"testing"

	"ecrlogin/config"
	"ecrlogin/credentials"
	"ecrlogin/internal/localuser"
	"ecrlogin/registry"
)

// placeholders are rules whose role depends on the registry.
const placeholders = `registries:
  - match: "*.dkr.ecr.cn-*.amazonaws.com.cn"
    roleArn: arn:${partition}:iam::${account}:role/${region}/pull
    roleSessionName: ${user}
  - match: "*.dkr.ecr.eu-*.amazonaws.com"
    roleArn: "arn:${partition}:iam::${account}:role/pull"
    roleSessionName: ${region}-${account}@${host}
  - match: "*.dkr.ecr.*.amazonaws.com"
    roleArn: arn:aws:iam::${account}:role/pull
  - match: public.ecr.aws
    roleArn: arn:${partition}:iam::123456789012:role/${region}
    roleSessionName: ${host}
`

func TestPlaceholders(t *testing.T) {
	c, err := config.Parse("config.yaml", []byte(placeholders))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]credentials.Identity{
		"111122223333.dkr.ecr.us-west-2.amazonaws.com": {RoleARN: "arn:aws:iam::111122223333:role/pull"},
		"444455556666.dkr.ecr.us-east-1.amazonaws.com": {RoleARN: "arn:aws:iam::444455556666:role/pull"},
		"111122223333.dkr.ecr.eu-west-1.amazonaws.com": {RoleARN: "arn:aws:iam::111122223333:role/pull",
			RoleSessionName: "eu-west-1-111122223333@111122223333.dkr.ecr.eu-west-1.amazonaws."}, // 64 characters
		"444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn": {RoleARN: "arn:aws-cn:iam::444455556666:role/cn-north-1/pull",
			RoleSessionName: localuser.Name()},
		"public.ecr.aws": {RoleARN: "arn:aws:iam::123456789012:role/us-east-1", RoleSessionName: "public.ecr.aws"},
	} {
		r, err := registry.Parse(host)
		if err != nil {
			t.Fatal(err)
		}
		got := c.Identity(r)
		if got != want {
			t.Errorf("%s: got %+v, want %+v", host, got, want)
		}
		if !credentials.ValidRoleARN(got.RoleARN) || len(got.RoleSessionName) > 64 || strings.Contains(got.RoleARN+got.RoleSessionName, "$") {
			t.Errorf("%s: STS does not accept %+v", host, got)
		}
	}
}
