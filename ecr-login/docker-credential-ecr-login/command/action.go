package command

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"ecrlogin/credentials/kubelet"
)

// The actions of the protocol.
var actions = []struct{ name, short string }{
	{"get", "Print user name and password for the registry whose host is on standard input, as JSON"},
	{"store", "Keep a password of docker login, which is on standard input as JSON"},
	{"erase", "Forget the passwords of the registry whose host is on standard input"},
	{"list", "Print the registries with a password at hand, as JSON"},
}

func isAction(name string) bool {
	return slices.ContainsFunc(actions, func(a struct{ name, short string }) bool { return a.name == name })
}

// serve answers a client. A get with a request of kubelet's is answered as kubelet expects: the helper for Docker may have
// been given to it.
func (p *Program) serve(action string) (exit int) {
	s := p.load()
	if s.err != nil && action == "list" { // which never fails
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

// actions makes commands of them, for help and for those who give them more arguments than clients do.
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
