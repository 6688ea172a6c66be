package refreshconfig

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/environ"
	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
)

// TestFromEnviron checks the documented settings of k8s-ecr-login-renew.
func TestFromEnviron(t *testing.T) {
	private := refresh.Login{Registry: mustRegistry(t, host)}
	url := refresh.Login{Registry: private.Registry, Server: "https://" + host}
	other := refresh.Login{Registry: mustRegistry(t, "123456789012.dkr.ecr.eu-west-1.amazonaws.com"), Server: "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com"}
	for _, tt := range []struct {
		name   string
		env    environ.Env
		want   secret.Rule
		region string
	}{
		{"minimum", environ.Env{"AWS_REGION=us-west-2"}, secret.Rule{Namespaces: []string{"default"}}, "us-west-2"},
		{"empty values", environ.Env{"AWS_REGION=us-west-2", "TARGET_NAMESPACE=", "EXCLUDE_NAMESPACE=", "DOCKER_REGISTRIES="},
			secret.Rule{Namespaces: []string{"default"}}, "us-west-2"},
		{"region of the AWS CLI", environ.Env{"AWS_DEFAULT_REGION=cn-north-1"}, secret.Rule{Namespaces: []string{"default"}}, "cn-north-1"},
		{"separators", environ.Env{"AWS_REGION=us-west-2", "TARGET_NAMESPACE=\n  namespace1,prefix-*;\t*-suffix\r\nnamespace?0,,namespace1\n", "EXCLUDE_NAMESPACE=kube-*; default"},
			secret.Rule{Namespaces: []string{"namespace1", "prefix-*", "*-suffix", "namespace?0"}, Exclude: []string{"kube-*", "default"}}, "us-west-2"},
		{"white space in a name", environ.Env{"AWS_REGION=us-west-2", "TARGET_NAMESPACE=team - a"}, secret.Rule{Namespaces: []string{"team-a"}}, "us-west-2"},
		{"registries", environ.Env{"TARGET_NAMESPACE=*", "DOCKER_REGISTRIES=https://" + host + ",https://123456789012.dkr.ecr.eu-west-1.amazonaws.com"},
			secret.Rule{Namespaces: []string{"*"}, Logins: []refresh.Login{url, other}}, ""},
		{"host and URL", environ.Env{"AWS_REGION=us-west-2", "DOCKER_REGISTRIES=" + host + ", https://" + host + "," + host + ","},
			secret.Rule{Namespaces: []string{"default"}, Logins: []refresh.Login{private, url}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FromEnviron(append(tt.env, "DOCKER_SECRET_NAME=regcred"))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Name, tt.want.Adopt, tt.want.SkipMissing, tt.want.Form = "regcred", true, true, form(t, "dockerconfigjson")
			want := &Config{Once: true, Secrets: []secret.Rule{tt.want}, DefaultRegistry: tt.region}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFromEnvironRefuses(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, tt := range []struct {
		name string
		env  environ.Env
		want string
	}{
		{"nothing", nil, "DOCKER_SECRET_NAME is not set; set it to the name of the Secret, such as regcred"},
		{"no name", environ.Env{"DOCKER_SECRET_NAME=", "TARGET_NAMESPACE=a", "AWS_REGION=us-west-2"}, "DOCKER_SECRET_NAME is not set; set it to the name of the Secret, such as regcred"},
		{"name", environ.Env{"DOCKER_SECRET_NAME=Reg Cred"}, `DOCKER_SECRET_NAME: invalid value "Reg Cred": must be a Kubernetes name: up to 253 lower-case letters, digits, hyphens and dots, starting and ending with a letter or digit`},
		{"long name", environ.Env{"DOCKER_SECRET_NAME=" + long}, `DOCKER_SECRET_NAME: invalid value "` + long[:120] + `…": must be a Kubernetes name: up to 253 lower-case letters, digits, hyphens and dots, starting and ending with a letter or digit`},
		{"no region", environ.Env{"DOCKER_SECRET_NAME=a"}, "neither DOCKER_REGISTRIES nor AWS_REGION is set; set AWS_REGION to the region of the default registry, such as us-west-2"},
		{"region", environ.Env{"DOCKER_SECRET_NAME=a", "AWS_REGION=west"}, `AWS_REGION: invalid value "west": must be an AWS region, such as us-west-2`},
		{"blank namespaces", environ.Env{"DOCKER_SECRET_NAME=a", "TARGET_NAMESPACE= \n,"}, `TARGET_NAMESPACE contains no namespace; set it to names or patterns, such as "team-*,default", or unset it for the namespace default`},
		{"namespace", environ.Env{"DOCKER_SECRET_NAME=a", "TARGET_NAMESPACE=a,B"}, `TARGET_NAMESPACE: invalid value "B": must be the name of a namespace: up to 63 lower-case letters, digits and hyphens, starting and ending with a letter or digit`},
		{"regular expression", environ.Env{"DOCKER_SECRET_NAME=a", "EXCLUDE_NAMESPACE=(a|b).*"}, `EXCLUDE_NAMESPACE: invalid value "(a|b).*": must be the name of a namespace, or a pattern with * for any text and ? for one character`},
		{"other registry", environ.Env{"DOCKER_SECRET_NAME=a", "DOCKER_REGISTRIES=https://index.docker.io/v1/"}, `DOCKER_REGISTRIES: invalid value "https://index.docker.io/v1/": must be an ECR registry, such as ` + host + ", without port or path"},
		{"password", environ.Env{"DOCKER_SECRET_NAME=a", "DOCKER_REGISTRIES=https://AWS:hunter2@" + host}, `DOCKER_REGISTRIES: invalid value "…@` + host + `": must be an ECR registry, such as ` + host + ", without port or path"},
		{"blank registries", environ.Env{"DOCKER_SECRET_NAME=a", "DOCKER_REGISTRIES= ,"}, "DOCKER_REGISTRIES contains no registry; unset it for the default registry of the AWS account"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c, err := FromEnviron(tt.env); err == nil || err.Error() != tt.want {
				t.Errorf("got %+v, %v\nwant %s", c, err, tt.want)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	for _, tt := range []struct {
		env  environ.Env
		want []string
	}{
		{environ.Env{"AWS_REGION=us-west-2", "AWS_ACCESS_KEY_ID=x", "DOCKER_SECRET_NAME=", "DOCKER_CONFIG=/x"}, []string{}},
		{environ.Env{"DOCKER_SECRET_NAME=a"}, []string{"DOCKER_SECRET_NAME"}},
		{environ.Env{"DOCKER_REGISTRIES=a", "EXCLUDE_NAMESPACE=b", "TARGET_NAMESPACE=c"}, []string{"TARGET_NAMESPACE", "EXCLUDE_NAMESPACE", "DOCKER_REGISTRIES"}},
	} {
		if diff := cmp.Diff(tt.want, Variables(tt.env)); diff != "" {
			t.Error(diff)
		}
	}
}
