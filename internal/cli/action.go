package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"ecrlogin/credentials/kubelet"
)

// An action is an action of the credential helper protocol.
type action struct {
	name, short string
	example     string
	reads       string // what the action reads from standard input, for errors and prompts; "" for nothing
	next        string // the next step in the error about missing input
}

const (
	exampleHost  = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	echoHost     = "echo " + exampleHost + " | docker-credential-ecr-login "
	exampleLogin = `{"ServerURL":"HOST","Username":"AWS","Secret":"PASSWORD"}`
)

var actions = []action{
	{"get", "Print the credentials for the registry on standard input, as JSON",
		echoHost + "get", "the registry's host", ", for example: " + echoHost + "get"},
	{"store", "Store the credentials of a docker login, read as JSON from standard input",
		"echo '" + exampleLogin + "' | docker-credential-ecr-login store", exampleLogin, ""},
	{"erase", "Erase the credentials for the registry on standard input",
		echoHost + "erase", "the registry's host", ", for example: " + echoHost + "erase"},
	{"list", "List the registries with stored credentials, as JSON", "docker-credential-ecr-login list", "", ""},
}

// serve runs an action for a client. If the input of a get is a request from the kubelet, serve answers in the
// kubelet's format, because a node may be configured with the Docker helper by mistake.
func (p *Program) serve(a action) (exit int) {
	s := p.load()
	if s.err != nil && a.name == "list" { // list never fails
		fmt.Fprintln(p.Stderr, s.err)
	}
	input, err := s.readInput(a)
	if a.name == "get" && kubelet.IsRequest(input) {
		return s.provide("", input)
	}
	exit = s.helper().Serve(a.name, replay(input, err), p.Stdout, p.Stderr)
	if a.name == "get" && exit == 0 {
		s.saveRoute(string(input))
	}
	return exit
}

// actions returns the actions as commands, for the help text and for calls with more arguments than clients use.
func (p *Program) actions() []*cobra.Command {
	var cmds []*cobra.Command
	for _, a := range actions {
		cmds = append(cmds, &cobra.Command{
			Use: a.name, Short: a.short, GroupID: clients, Args: cobra.NoArgs,
			Example: "  " + a.example,
			RunE:    func(*cobra.Command, []string) error { return exitError(p.serve(a)) },
		})
	}
	return cmds
}
