package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ecrlogin/internal/cli"
)

// The hosts of invocations: an ECR registry, ECR Public, and a registry of the fallback.
const (
	leakHost   = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	leakPublic = "public.ecr.aws"
	leakOther  = "registry.test"
)

// An invocation is a way to run a command. In args and input, each $NAME is replaced by the variable of the machine.
type invocation struct {
	args  string // after the command, separated by spaces
	input string
	shows string // the secret that standard output may contain; "" for none
}

const (
	nodeRequest = `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"` + leakHost + `/app"`
	podRequest  = nodeRequest + `,"serviceAccountToken":"$PODTOKEN","serviceAccountAnnotations":{"eks.amazonaws.com/ecr-role-arn":"` + leakRole + `"}`
)

// invocations are those of each command of the program. Of commands with secrets in their input, they include some with
// invalid input.
var invocations = map[string][]invocation{
	"get": {
		{"", leakHost, ecrPassword}, {"", leakPublic + "/nginx", ecrPassword}, {"", leakOther, otherPassword},
		{"", "https://$USERINFO@" + leakHost, ecrPassword}, {"", leakHost + "\nhttps://$USERINFO@x", ""}, {"https://$USERINFO@x", "", ""},
	},
	"store": {
		{"", `{"ServerURL":"` + leakHost + `","Username":"AWS","Secret":"$LOGIN"}`, ""},
		{"", `{"ServerURL":"` + leakHost + `","Username":"AWS","Secret":"$TYPED"}`, ""},
		{"", `{"ServerURL":"` + leakOther + `","Username":"me","Secret":"$TYPED"}`, ""},
		{"", `{"ServerURL":"https://$USERINFO@` + leakOther + `","Username":"me","Secret":"$TYPED"}`, ""},
		{"", `{"ServerURL":"` + leakOther + `","Username":"$TYPED`, ""},
		{"", `{"ServerURL":"` + leakHost + `","Username":{"Secret":"$TYPED"}}`, ""},
		{"", "$TYPED", ""},
		{"--password=$TYPED", "", ""},
	},
	"erase": {{"", leakHost, ""}, {"", leakOther, ""}, {"", "https://$USERINFO@" + leakOther, ""}},
	"list":  {{"", "unused", ""}},
	"kubelet": {
		{"", nodeRequest + "}", ecrPassword}, {"get-credentials", podRequest + "}", ecrPassword},
		{"", podRequest, ""}, {"", podRequest + `,"image":1}`, ""}, {"", nodeRequest + `,"serviceAccountToken":{"x":"$PODTOKEN"}}`, ""},
		{"--config=$WORK/broken.yaml", nodeRequest + "}", ""}, {"$USERINFO@x", "", ""},
	},
	"password": {
		{leakHost, "", ecrPassword}, {leakPublic, "", ecrPassword}, {"--format=userpass " + leakHost, "", ecrPassword},
		{"--format=env " + leakHost, "", ecrPassword}, {"--format=json " + leakHost + " " + leakPublic, "", ecrPassword},
		{"--format=docker-config " + leakHost, "", ecrPassword}, {"--output=$WORK/out/password " + leakHost, "", ""},
		{"--output=$WORK/missing/password " + leakHost, "", ""}, {"--output=/dev/full " + leakHost, "", ""},
		{"https://$USERINFO@" + leakOther, "", ""}, {"--output= " + leakHost, "", ""},
	},
	"doctor": {
		{"", "", ""}, {leakHost + "/app", "", ""}, {"--json " + leakHost, "", ""}, {leakPublic, "", ""}, {leakOther, "", ""},
		{"https://$USERINFO@" + leakHost, "", ""}, {"https://$USERINFO@" + leakOther, "", ""},
		{"--kubelet --config-file=$WORK/kubelet/config.yaml --bin-dir=$WORK/kubelet/bin " + leakHost + "/app", "", ""},
	},
	"configure docker": {
		{"--dry-run", "", ""}, {"--registry=" + leakHost, "", ""}, {"--all", "", ""}, {"--registry=https://$USERINFO@" + leakHost, "", ""},
	},
	"configure podman": {{"--dry-run", "", ""}, {"--registry=" + leakHost, "", ""}, {"--all", "", ""}},
	"configure kubelet": {
		{"--bin-dir=$WORK/kubelet/bin --config-file=$WORK/kubelet/config.yaml", "", ""},
		{"--bin-dir=$WORK/kubelet/bin --config-file=$WORK/broken.yaml", "", ""},
	},
	"configure containerd": {
		{"--mirror=docker.io=" + leakHost + "/docker-hub --certs-dir=$WORK/certs --config-file=$WORK/kubelet/config.yaml --containerd-config=$WORK/broken.yaml", "", ""},
		{"--mirror=docker.io=https://$USERINFO@" + leakHost + " --certs-dir=$WORK/certs", "", ""},
		{"--mirror=docker.io=" + leakHost + "/docker-hub --registries-file=$WORK/registries.yaml", "", ""},
	},
	"configure undo": {{"", "", ""}, {"--force", "", ""}},
	"cache list":     {{"", "", ""}, {"--json", "", ""}},
	"cache path":     {{"", "", ""}},
	"cache clear":    {{"https://$USERINFO@" + leakOther, "", ""}, {leakHost, "", ""}, {"--all", "", ""}},
	"install":        {{"$WORK/out/bin", "", ""}, {"$WORK/broken.yaml", "", ""}},
	"metrics":        {{"", "", ""}, {"--output=$WORK/out/metrics.prom", "", ""}},
	"version":        {{"", "", ""}, {"--json", "", ""}},
	"help":           {{"get", "", ""}, {"$USERINFO@x", "", ""}},
	"__complete":     {{"password x", "", ""}, {"doctor x", "", ""}, {"configure docker --registry x", "", ""}},

	"completion bash": {{"", "", ""}}, "completion fish": {{"", "", ""}},
	"completion powershell": {{"", "", ""}}, "completion zsh": {{"", "", ""}},
}

// commands returns the names of all commands that can be run, sorted.
func commands(root *cobra.Command) (names []string) {
	for _, cmd := range root.Commands() {
		name := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
		if cmd.Runnable() && !cmd.HasSubCommands() {
			names = append(names, name)
		}
		names = append(names, commands(cmd)...)
	}
	slices.Sort(names)
	return names
}

// TestLeaksOfEveryCommand checks that TestLeaks runs every command.
func TestLeaksOfEveryCommand(t *testing.T) {
	all := append(commands(new(cli.Program).Root()), "__complete") // which cobra adds when it is run
	if len(all) < 20 {
		t.Fatalf("only these commands were found: %q", all)
	}
	for _, name := range all {
		if len(invocations[name]) == 0 {
			t.Errorf("TestLeaks does not run the command %s", name)
		}
	}
	for name := range invocations {
		if !slices.Contains(all, name) {
			t.Errorf("TestLeaks runs %s, which is not a command", name)
		}
	}
}
