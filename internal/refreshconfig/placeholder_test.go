package refreshconfig

import (
	"errors"
	"testing"

	"ecrlogin/internal/strictyaml"
)

// Each registry has its own role, also those of one Secret.
func TestPlaceholders(t *testing.T) {
	c, err := Parse("config.yaml", []byte(`interval: 30m
registries:
  - registryId: "111122223333"
    region: cn-north-1
    roleArn: arn:${partition}:iam::${account}:role/pull
    passwordFile: /a
kubernetes:
  secrets:
    - name: regcred
      namespaces: [default]
      registries: [111122223333.dkr.ecr.us-west-2.amazonaws.com, 444455556666.dkr.ecr.us-west-2.amazonaws.com]
      roleArn: arn:aws:iam::${account}:role/pull
      roleSessionName: ${region}@${account}
`))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Files[0].Login.Identity.RoleARN; got != "arn:aws-cn:iam::111122223333:role/pull" {
		t.Errorf("the role of the file is %s", got)
	}
	for i, account := range []string{"111122223333", "444455556666"} {
		id := c.Secrets[0].Logins[i].Identity
		if id.RoleARN != "arn:aws:iam::"+account+":role/pull" || id.RoleSessionName != "us-west-2@"+account {
			t.Errorf("registry %d has %+v", i, id)
		}
	}
}

// An invalid placeholder is reported with its column in each format.
func TestPlaceholderPosition(t *testing.T) {
	for name, content := range map[string]string{
		"config.yaml": "interval: 30m\nregistries:\n- registry: " + host + "\n  passwordFile: /a\n  roleArn: \"arn:aws:iam::${x}:role/a\"\n",
		"config.toml": "interval = \"30m\"\n[[registries]]\nregistry = \"" + host + "\"\npasswordFile = \"/a\"\nroleArn = \"arn:aws:iam::${x}:role/a\"\n",
		"config.json": "{\"interval\": \"30m\", \"registries\": [{\n\"registry\": \"" + host + "\",\n\"passwordFile\": \"/a\",\n\n \"roleArn\":\"arn:aws:iam::${x}:role/a\"}]}\n",
	} {
		_, err := Parse(name, []byte(content))
		e, ok := errors.AsType[*strictyaml.Error](err)
		if !ok || e.Line != 5 || e.Text[e.Column-1:e.Column+3] != "${x}" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
