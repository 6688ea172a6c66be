package containerdconf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
)

// HostsFile returns the path of the hosts.toml of a registry in a directory of config_path.
func HostsFile(dir, registry string) string { return filepath.Join(dir, registry, "hosts.toml") }

// Hosts contains what a hosts.toml configures for images of one registry.
type Hosts struct {
	Path         string
	Server       string // tried last; "" means the registry itself, the upstream
	OverridePath bool   // the URL of Server contains the root of the API
	Hosts        []Host // tried first, in this order

	content    []byte
	serverLine int // from 1; 0 for none
}

// A Host is a table of a hosts.toml.
type Host struct {
	URL          string
	OverridePath bool

	line int // of the header of the table, from 1
}

// Parse reads a hosts.toml.
func Parse(path string, content []byte) (*Hosts, error) {
	h := &Hosts{Path: path, content: content}
	err := read(path, content, func(e entry) error {
		switch {
		case e.keys[0] == "server" && e.value != nil:
			h.serverLine = e.line
			return e.text(&h.Server)
		case e.keys[0] == "override_path" && e.value != nil:
			return e.truth(&h.OverridePath)
		case e.keys[0] == "host" && len(e.keys) == 1 && e.value != nil:
			return errors.New("inline tables are not supported here")
		case e.keys[0] != "host" || len(e.keys) < 2:
			return nil
		}
		i := slices.IndexFunc(h.Hosts, func(host Host) bool { return host.URL == e.keys[1] })
		if i < 0 {
			i, h.Hosts = len(h.Hosts), append(h.Hosts, Host{URL: e.keys[1], line: e.line})
		}
		if len(e.keys) == 3 && e.keys[2] == "override_path" && e.value != nil {
			return e.truth(&h.Hosts[i].OverridePath)
		}
		return nil
	})
	return h, err
}

// HostOf returns the host in a URL of a hosts.toml, whose scheme is optional; "" if it is invalid.
func HostOf(address string) string {
	if !strings.HasPrefix(address, "http") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// A Mirror is a registry, with an optional prefix of its repositories, that serves the images of an upstream.
type Mirror struct {
	Upstream string // as in image names, for example docker.io
	Host     string // with the port if there is one
	Prefix   string // of the repositories; "" for none
}

// URL returns the root of the API for the mirror's repositories.
func (m Mirror) URL() string {
	if m.Prefix == "" {
		return "https://" + m.Host
	}
	return "https://" + m.Host + "/v2/" + m.Prefix
}

// Mirror returns the first mirror of an upstream as HOST/PREFIX, the form of "configure containerd"; "HOST/PREFIX" if
// there is none.
func (h *Hosts) Mirror() string {
	for _, host := range h.Hosts {
		if m, ok := strings.CutPrefix(host.URL, "https://"); ok {
			name, prefix, _ := strings.Cut(strings.TrimSuffix(m, "/"), "/v2")
			return name + cmp.Or(strings.TrimSuffix(prefix, "/"), "/ROOT")
		}
	}
	return "HOST/PREFIX"
}

// Upstreams contains the upstreams of Amazon ECR, which must not get its passwords, and the default prefixes of their
// caches.
func Upstreams() map[string]string {
	return map[string]string{
		"docker.io": "docker-hub", "quay.io": "quay", "ghcr.io": "github", "registry.k8s.io": "kubernetes",
		"registry.gitlab.com": "gitlab", "cgr.dev": "chainguard",
	}
}

func (m Mirror) override() string {
	if m.Prefix == "" {
		return ""
	}
	return "override_path = true\n"
}

// newFile returns a hosts.toml. It contains a table, because containerd 1.6 ignores a file without one and requests
// the image from the upstream.
func (m Mirror) newFile() []byte {
	return []byte("# Images of " + m.Upstream + " are pulled from an Amazon ECR pull-through cache. Without server, containerd sends the\n" +
		"# password of Amazon ECR to " + m.Upstream + " if the cache does not have an image.\n" + m.server() + m.table())
}

func (m Mirror) server() string { return "server = " + strconv.Quote(m.URL()) + "\n" + m.override() }

func (m Mirror) table() string {
	text := "\n[host." + strconv.Quote(m.URL()) + "]\n  capabilities = [\"pull\", \"resolve\"]\n"
	if m.Prefix != "" {
		text += "  " + m.override()
	}
	return text
}

// With returns the content of the file with a mirror added and the upstream replaced as server. It returns an error if
// the file contains another mirror, because containerd would send it the password too.
func (h *Hosts) With(m Mirror) ([]byte, error) {
	if len(bytes.TrimSpace(h.content)) == 0 {
		return m.newFile(), nil
	}
	lines := slices.Collect(strings.Lines(string(h.content)))
	if last := &lines[len(lines)-1]; !strings.HasSuffix(*last, "\n") {
		*last += "\n"
	}
	found := false
	for _, host := range h.Hosts {
		if host.URL != m.URL() {
			return nil, advice.Errorf("%s: contains another mirror, %q, to which containerd would send the password too", h.Path, oneline.Value(host.URL)).
				Then("remove its table, or move the file away; no files were written")
		}
		if found = true; !host.OverridePath && m.Prefix != "" {
			lines[host.line-1] += "  " + m.override()
		}
	}
	if !found {
		lines = append(lines, m.table())
	}
	switch {
	case h.Server == "":
		lines = append([]string{m.server()}, lines...)
	case HostOf(h.Server) == m.Host: // with or without the prefix
	default:
		line := &lines[h.serverLine-1]
		before, rest, _ := strings.Cut(*line, h.Server)
		*line = before + m.URL() + rest
		if m.Prefix != "" && !h.OverridePath {
			*line += m.override()
		}
	}
	content := []byte(strings.Join(lines, ""))
	after, err := Parse(h.Path, content)
	if err != nil || !after.serves(m) {
		return nil, advice.Errorf("%s: the layout cannot be edited safely", h.Path).
			Then("move the file away; no files were written")
	}
	return content, nil
}

// serves reports whether all images come from the mirror.
func (h *Hosts) serves(m Mirror) bool {
	return len(h.Hosts) == 1 && h.Hosts[0].URL == m.URL() && (m.Prefix == "" || h.Hosts[0].OverridePath) &&
		HostOf(h.Server) == m.Host && (h.Server != m.URL() || m.Prefix == "" || h.OverridePath)
}

// Leak returns why containerd would send the password for an upstream to a host that may not get it; "" if it would
// not.
func (h *Hosts) Leak(upstream string, mayGet func(host string) bool) string {
	switch {
	case len(h.Hosts) == 0 && !mayGet(upstream):
		return fmt.Sprintf("has no [host] table, so containerd 1.6 ignores the file and sends the password to %s", upstream)
	case h.Server == "" && !mayGet(upstream):
		return fmt.Sprintf("has no server, so containerd sends the password to %s if the mirror does not have an image", upstream)
	}
	for _, address := range append(urls(h.Hosts), h.Server) {
		if address != "" && !mayGet(HostOf(address)) {
			return fmt.Sprintf("contains %q, to which containerd sends the password", oneline.Value(address))
		}
	}
	return ""
}

// Serves reports whether a host has a table.
func (h *Hosts) Serves(host string) bool {
	return slices.ContainsFunc(urls(h.Hosts), func(address string) bool { return HostOf(address) == host })
}

func urls(hosts []Host) (all []string) {
	for _, h := range hosts {
		all = append(all, h.URL)
	}
	return all
}
