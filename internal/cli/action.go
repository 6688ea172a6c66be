package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"ecrlogin/credentials/kubelet"
)

// actions are the actions of the credential helper protocol.
var actions = []struct{ name, short string }{
	{"get", "Print the credentials for the registry on standard input, as JSON"},
	{"store", "Store the credentials of a docker login, read as JSON from standard input"},
	{"erase", "Erase the credentials for the registry on standard input"},
	{"list", "List the registries with stored credentials, as JSON"},
}

func isAction(name string) bool {
	return slices.ContainsFunc(actions, func(a struct{ name, short string }) bool { return a.name == name })
}

// serve runs an action for a client. If the input of a get is a request from kubelet, serve answers in kubelet's
// format, because a node may be configured with the Docker helper by mistake.
func (p *Program) serve(action string) (exit int) {
	s := p.load()
	if s.err != nil && action == "list" { // list never fails
		fmt.Fprintln(p.Stderr, s.err)
	}
	input, err := s.readInput(action)
	if action == "get" && kubelet.IsRequest(input) {
		return s.provide("", input)
	}
	h := s.helper()
	h.Timeout = s.remaining()
	return h.Serve(action, replay(input, err), p.Stdout, p.Stderr)
}

// actions returns the actions as commands, for the help text and for calls with more arguments than clients use.
func (p *Program) actions() []*cobra.Command {
	var cmds []*cobra.Command
	for _, a := range actions {
		input := "echo " + exampleHost + " | "
		switch a.name {
		case "store":
			input = `echo '{"ServerURL":"HOST","Username":"AWS","Secret":"PASSWORD"}' | `
		case "list":
			input = ""
		}
		cmds = append(cmds, &cobra.Command{
			Use: a.name, Short: a.short, GroupID: clients, Args: cobra.NoArgs,
			Example: "  " + input + "docker-credential-ecr-login " + a.name,
			RunE: func(*cobra.Command, []string) error {
				if exit := p.serve(a.name); exit != 0 {
					return exitError(exit)
				}
				return nil
			},
		})
	}
	return cmds
}
