package kubernetes

import (
	"context"
	"maps"
	"slices"
	"time"
)

const (
	auditInterval = 10 * time.Minute
	auditPause    = 5 * time.Second // an event may be on its way for this time
)

// audits compares the known namespaces with a list at each interval, because a watch can miss events without an error.
func (n *namespaces) audits(ctx context.Context) {
	for sleep(ctx, auditInterval) {
		if !n.informer.HasSynced() {
			continue
		}
		first := n.differences(ctx)
		if len(first) == 0 || !sleep(ctx, auditPause) {
			continue
		}
		missed := slices.DeleteFunc(n.differences(ctx), func(name string) bool { return !slices.Contains(first, name) })
		if len(missed) > 0 {
			n.log.Warn("the watch of namespaces missed changes; all namespaces are listed again", "namespaces", len(missed))
			n.relist()
		}
	}
}

// differences returns the names of the namespaces that differ from those of the watch.
func (n *namespaces) differences(ctx context.Context) []string {
	listed, err := listAll(ctx, n.client)
	n.observe(ctx, "list", err)
	if err != nil {
		return nil
	}
	known := map[string]namespace{}
	for _, ns := range n.all() {
		known[ns.name] = ns
	}
	var names []string
	for _, ns := range listed {
		if k, ok := known[ns.name]; !ok || !same(k, ns) {
			names = append(names, ns.name)
		}
		delete(known, ns.name)
	}
	return slices.AppendSeq(names, maps.Keys(known))
}

func same(a, b namespace) bool {
	return a.uid == b.uid && a.terminating == b.terminating && maps.Equal(a.labels, b.labels)
}

// sleep reports whether d passed before ctx was done.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
