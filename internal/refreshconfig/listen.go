package refreshconfig

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"k8s.io/apimachinery/pkg/util/validation"

	"ecrlogin/internal/advice"
)

// off is the value of listen for no HTTP server.
const off = "off"

// listen reads the listen address.
func (p *document) listen(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode && n.Value != "" && strings.Trim(n.Value, "0123456789") == "" {
		return p.Wrong(n, advice.Errorf("listen %s has no colon", n.Value).Then(`write ":%s"`, n.Value))
	}
	if err := p.Text(&p.config.Listen, checkListen)(n); err != nil {
		return err
	}
	if p.config.Listen == off {
		p.config.Listen = ""
	}
	return nil
}

// checkListen checks a listen address. Port 0 is a free port.
func checkListen(s string) error {
	if s == off {
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	_, portErr := strconv.ParseUint(port, 10, 16)
	_, ipErr := netip.ParseAddr(host)
	if err != nil || portErr != nil ||
		host != "" && ipErr != nil && len(validation.IsDNS1123Subdomain(strings.ToLower(host))) > 0 {
		return errors.New("must be HOST:PORT, such as :3277 or 127.0.0.1:3277, or off for no HTTP server")
	}
	return nil
}
