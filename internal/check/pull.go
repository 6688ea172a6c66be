package check

import (
	"cmp"
	"strings"
	"time"

	"ecrlogin/cache"
	"ecrlogin/config"
	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/environ"
	"ecrlogin/registry"
)

// Settings are the settings of the helper, which the checks use too. ConfigErr and SkippedConfig are optional.
type Settings struct {
	Version       string         // version of this program
	Env           environ.Env    // the environment of this process
	Config        *config.Config // the defaults if ConfigErr is not nil
	ConfigErr     error          // why the user's configuration is invalid
	SkippedConfig string         // the user's configuration file, if it is treated as missing; see configpath.File
	Source        *aws.Source    // requests tokens without the cache
	Cache         *cache.Cache   // the cache to check
	Timeout       time.Duration  // maximum duration of each check
}

// A Pull is the state of the checks of one registry. Earlier checks store findings for later ones.
type Pull struct {
	*Settings
	Address  string            // as in a client's file: the host as the user typed it, with its port; "" for none
	Name     string            // repository, "" for none
	Ref      string            // tag or digest
	Registry registry.Registry // the registry whose token is used

	Caller aws.Caller        // the identity that requests the token; zero if it is unknown
	Token  credentials.Token // zero for anonymous requests
	client *client           // nil until CheckRegistry is called
}

// SetTarget sets the registry and the image from a registry host or an image reference. If it is a host but not of a
// known registry, it sets Address and returns an error.
func (p *Pull) SetTarget(typed string) error {
	if _, err := registry.Address(typed); err != nil {
		return err
	}
	if _, rest, ok := strings.Cut(typed, "://"); ok {
		typed = rest
	}
	address, image, _ := strings.Cut(strings.TrimSpace(typed), "/")
	p.Address = address
	p.Name, p.Ref = splitReference(strings.Trim(image, "/"))
	var err error
	p.Registry, err = p.Config.Resolve(address)
	return err
}

// splitReference splits NAME[:TAG][@DIGEST]. The digest takes precedence over the tag. The default is "latest", as in
// clients.
func splitReference(image string) (name, ref string) {
	if image == "v2" { // path of a registry URL
		return "", ""
	}
	image, digest, _ := strings.Cut(image, "@")
	name, tag, _ := strings.Cut(image, ":")
	return name, cmp.Or(digest, tag, "latest")
}

// Host returns Address in lower case, the form that rules match.
func (p *Pull) Host() string { return strings.ToLower(p.Address) }

// IsAlias reports whether the host is an alias rather than an Amazon ECR host.
func (p *Pull) IsAlias() bool {
	r, err := registry.Parse(p.Address)
	return err != nil || r != p.Registry
}
