package aws_test

import (
	"strings"
	"testing"

	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// The user agent of each request contains the application ID, unless the user has set another one.
func TestAppID(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/pull"
	const profile = "[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey +
		"\n[profile dev]\nrole_arn = " + role + "\nsource_profile = base\n"
	long := "ecr-login/v1.2.3-0.20260102030405-0123456789ab+dirty-and-longer"
	for _, tt := range []struct {
		name, appID, env, config string
		want                     string // "" for none
	}{
		{name: "version", appID: "ecr-login/v1.2.3", want: "app/ecr-login-v1.2.3"},
		{name: "invalid characters", appID: "ecr-login/(unknown version)", want: "app/ecr-login--unknown-version-"},
		{name: "long", appID: long, want: "app/" + strings.Replace(long[:50], "/", "-", 1)},
		{name: "variable", appID: "ecr-login/v1", env: "mine", want: "app/mine"},
		{name: "profile", appID: "ecr-login/v1", config: "sdk_ua_app_id = mine\n", want: "app/mine"},
		{name: "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			cloud.AllowRole(role)
			m.config(profile + tt.config)
			m.env("AWS_PROFILE", "dev")
			m.env("AWS_SDK_UA_APP_ID", tt.env)
			for _, host := range []string{privateHost, "public.ecr.aws"} {
				cloud.ResetCalls()
				r, err := registry.Parse(host)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := (&aws.Source{AppID: tt.appID}).Token(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				calls := cloud.Calls()
				if len(calls) != 2 {
					t.Fatalf("calls %v, want STS and %s", calls, host)
				}
				for _, call := range calls {
					var got []string
					for product := range strings.FieldsSeq(call.Agent) {
						if strings.HasPrefix(product, "app/") {
							got = append(got, product)
						}
					}
					if strings.Join(got, " ") != tt.want {
						t.Errorf("%s: %s has %q, want %q", host, call.Op, call.Agent, tt.want)
					}
				}
			}
		})
	}
}
