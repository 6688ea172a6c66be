package cli

import (
	"slices"

	"github.com/spf13/cobra"
)

// completeHosts completes the hosts of cached and configured registries.
func (p *Program) completeHosts(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	s := p.load()
	hosts := slices.Concat(s.config.Hosts(), s.cachedHosts())
	hosts = slices.DeleteFunc(hosts, func(host string) bool { return slices.Contains(args, host) })
	slices.Sort(hosts)
	return slices.Compact(hosts), cobra.ShellCompDirectiveNoFileComp
}

// cachedHosts returns the hosts of cached tokens. A host occurs once per identity.
func (s *setting) cachedHosts() (hosts []string) {
	kept, _ := s.source().Entries() // without a cache there are none
	for _, k := range kept {
		hosts = append(hosts, k.Host)
	}
	return hosts
}
