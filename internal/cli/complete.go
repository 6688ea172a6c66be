package cli

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"
)

// completeHosts completes the hosts of cached and configured registries.
func (p *Program) completeHosts(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	hosts := map[string]bool{}
	s := p.load()
	for _, host := range s.config.Hosts() {
		hosts[host] = true
	}
	if kept, err := s.source().Entries(); err == nil {
		for _, k := range kept {
			hosts[k.Host] = true
		}
	}
	for _, given := range args {
		delete(hosts, given)
	}
	return slices.Sorted(maps.Keys(hosts)), cobra.ShellCompDirectiveNoFileComp
}
