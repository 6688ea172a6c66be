package command

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ecrlogin/credentials/kubelet"
	"ecrlogin/ecr-login/docker-credential-ecr-login/hit"
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

// serve answers a client.
func (p *Program) serve(action string) (exit int) {
	if action == "get" && p.isKubelet() {
		return p.provide("")
	}
	s := p.load()
	if s.err != nil && action == "list" { // which never fails
		fmt.Fprintln(p.Stderr, s.err)
	}
	h := s.helper()
	h.Timeout = s.timeout - time.Since(hit.Began())
	return h.Serve(action, p.Stdin, p.Stdout, p.Stderr)
}

// isKubelet reports whether it is kubelet that is on the other end of a get, as happens where the helper for Docker is given
// to it.
func (p *Program) isKubelet() bool {
	head := make([]byte, 512)
	n, _ := io.ReadFull(p.Stdin, head) // an error is met again by whoever reads on
	p.Stdin = io.MultiReader(bytes.NewReader(head[:n]), p.Stdin)
	return kubelet.IsRequest(head[:n])
}

// actions makes commands of them, for help and for those who give them more arguments than clients do.
func (p *Program) actions() []*cobra.Command {
	var cmds []*cobra.Command
	for _, a := range actions {
		input := "echo 123456789012.dkr.ecr.us-west-2.amazonaws.com | "
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
