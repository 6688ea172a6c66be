package refreshconfig

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/identityconf"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/refresh"
	"ecrlogin/registry"
)

// An entry is an item of registries.
type entry struct {
	account, region            string // of the form of the sidecar
	passwordFile, dockerConfig string
	file                       File // what the files of the entry have in common
}

// entry reads an item of registries.
func (p *document) entry(n *yaml.Node) error {
	ignoreCase(n, "registryId", "region", "passwordFile")
	var e entry
	f := &e.file
	keys := identityconf.New(p.Reader, &f.Login.Identity)
	fields := keys.Fields()
	maps.Copy(fields, map[string]strictyaml.Field{
		"registry":     p.registry(&f.Login),
		"registryId":   p.account(&e.account),
		"region":       p.Text(&e.region, checkRegion),
		"passwordFile": p.path(&e.passwordFile),
		"dockerConfig": p.path(&e.dockerConfig),
		"mode":         p.mode(&f.Mode),
		"owner":        p.user(&f.Owner),
		"group":        p.user(&f.Group),
	})
	if err := p.Mapping(n, "an entry of registries", fields); err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return p.Wrong(n, err)
	}
	if err := keys.Check(n, f.Login.Registry); err != nil {
		return err
	}
	f.Login.Identity = identityconf.Expand(f.Login.Identity, f.Login.Registry)
	f.Line = n.Line
	if e.passwordFile != "" {
		password := *f
		password.Path = e.passwordFile
		password.Legacy = e.account != "" && len(n.Content) == 2*len([]string{"registryId", "region", "passwordFile"})
		if err := p.add(n, password); err != nil {
			return err
		}
	}
	if e.dockerConfig != "" {
		docker := *f
		docker.Path, docker.DockerConfig = e.dockerConfig, true
		return p.add(n, docker)
	}
	return nil
}

// check returns an error if keys are missing or contradict each other. It sets the registry.
func (e *entry) check() error {
	login := &e.file.Login
	switch named := login.Registry.Host != ""; {
	case named && (e.account != "" || e.region != ""):
		return advice.Errorf("registry cannot be combined with registryId or region").Then("remove these, or registry")
	case !named && e.account == "" && e.region == "":
		return advice.Errorf("the entry has no registry").
			Then("add one, for example: registry: 123456789012.dkr.ecr.us-west-2.amazonaws.com")
	case !named && e.account == "":
		return advice.Errorf("region requires registryId").Then("add the account ID, such as registryId: \"123456789012\"")
	case !named && e.region == "":
		return advice.Errorf("registryId requires region").Then("add the region, such as region: us-west-2")
	case e.passwordFile == "" && e.dockerConfig == "":
		return advice.Errorf("the entry has no file").Then("add passwordFile or dockerConfig")
	case !named:
		var err error
		if login.Registry, err = registry.Private(e.account, e.region); err != nil {
			return err
		}
	}
	return nil
}

// add adds a file, unless it contradicts an earlier one.
func (p *document) add(n *yaml.Node, f File) error {
	if own, err := filepath.Abs(p.config.Path); err == nil && own == f.Path {
		return p.Wrong(n, advice.Errorf("%s is this configuration file", shown(f.Path)).Then("specify another file"))
	}
	if first, ok := p.files[f.Path]; ok {
		if err := conflict(p.config.Files[first], f); err != nil {
			return p.Wrong(n, err)
		}
	} else {
		p.files[f.Path] = len(p.config.Files)
	}
	host := f.Path + "\x00" + f.Login.Registry.Host
	if line, ok := p.hosts[host]; ok {
		return p.Wrong(n, advice.Errorf("the entry in line %d already writes %s to %s",
			line, f.Login.Registry, shown(f.Path)).Then("remove one entry"))
	}
	p.hosts[host] = f.Line
	p.config.Files = append(p.config.Files, f)
	return nil
}

// conflict returns an error if files with the same path cannot be combined.
func conflict(earlier, later File) error {
	path := shown(later.Path)
	switch {
	case earlier.DockerConfig != later.DockerConfig:
		return advice.Errorf("%s is both passwordFile and dockerConfig (line %d)", path, earlier.Line).
			Then("specify another file")
	case !later.DockerConfig:
		return advice.Errorf("%s is also written by the entry in line %d", path, earlier.Line).
			Then("specify another passwordFile, or remove one entry")
	case earlier.Owner != later.Owner || earlier.Group != later.Group || !sameMode(earlier.Mode, later.Mode):
		return advice.Errorf("%s has another mode, owner or group in the entry in line %d", path, earlier.Line).
			Then("use the same in both")
	}
	return nil
}

func sameMode(a, b *fs.FileMode) bool { return a == b || a != nil && b != nil && *a == *b }

func shown(path string) string { return oneline.Value(path) }

// registry returns a field that reads the host of a registry.
func (p *document) registry(into *refresh.Login) strictyaml.Field {
	return p.Text(new(string), func(s string) error {
		login, err := parseLogin(s)
		if err == nil && login.Server != "" && login.Server != "https://"+login.Registry.Host {
			err = errLogin
		}
		into.Registry, into.Server = login.Registry, login.Server
		return err
	})
}

var errLogin = errors.New("must be an ECR registry, such as 123456789012.dkr.ecr.us-west-2.amazonaws.com, " +
	"without port or path")

// parseLogin returns the registry that a user typed as a host or URL. Server is the text if it is not the host.
func parseLogin(s string) (refresh.Login, error) {
	r, err := registry.Parse(s)
	if err != nil {
		return refresh.Login{}, errLogin
	}
	login := refresh.Login{Registry: r}
	if !strings.EqualFold(s, r.Host) {
		login.Server = s
	}
	return login, nil
}

// path returns a field that reads an absolute path.
func (p *document) path(into *string) strictyaml.Field {
	read := p.Text(into, func(s string) error {
		switch {
		case strings.ContainsFunc(s, unicode.IsControl):
			return errors.New("must not contain control characters")
		case !filepath.IsAbs(s):
			return errors.New("must be an absolute path")
		case strings.HasSuffix(filepath.ToSlash(s), "/"), filepath.Dir(s) == filepath.Clean(s):
			return errors.New("must be a file, not a directory")
		}
		return nil
	})
	return func(n *yaml.Node) error {
		err := read(n)
		*into = filepath.Clean(*into)
		return err
	}
}
