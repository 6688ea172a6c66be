package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ecrlogin/cache"
	"ecrlogin/internal/fastpath"
	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

func (p *Program) cache() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cache",
		Short:   "List, clear or locate cached tokens",
		Example: "  docker-credential-ecr-login cache list",
		GroupID: users,
	}
	cmd.AddCommand(p.cacheList(), p.cacheClear(), p.cachePath())
	return cmd
}

// loadCache is like load, for commands about the cache. It returns an error if the configuration is invalid, because the
// configuration may set another directory, or a keychain.
func (p *Program) loadCache() (*setting, error) {
	s := p.load()
	if s.err != nil {
		return nil, fmt.Errorf("the location of the cache is unknown: %w", s.err)
	}
	return s, nil
}

// A listed is a cache entry as "cache list --json" prints it, without the password.
type listed struct {
	Host      string    `json:"host"`              // with "*" as the account for the token of an API
	Account   string    `json:"account,omitempty"` // empty for ECR Public, and for the token of an API
	Region    string    `json:"region"`
	IssuedTo  string    `json:"issuedTo"`
	Issued    time.Time `json:"issued"`
	Expiry    time.Time `json:"expiry"`
	Age       int64     `json:"ageSeconds"`
	ExpiresIn int64     `json:"expiresInSeconds"` // negative once it has expired
	Origin    string    `json:"origin"`           // the registry that the token was requested for
}

func (p *Program) cacheList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List cached tokens with their registry, identity, age and remaining lifetime",
		Example: "  docker-credential-ecr-login cache list --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := p.loadCache()
			if err != nil {
				return err
			}
			entries, err := listEntries(s.source(), time.Now())
			switch {
			case err != nil:
				return err
			case asJSON:
				enc := json.NewEncoder(p.Stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(entries)
			}
			return writeTable(p.Stdout, entries, isTerminal(p.Stdout))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return cmd
}

// listEntries returns the cached entries, sorted by registry, with those of APIs first.
func listEntries(c *cache.Cache, now time.Time) ([]listed, error) {
	kept, err := c.Entries()
	if err != nil {
		return nil, err
	}
	shared, err := c.Shared()
	if err != nil {
		return nil, err
	}
	for _, k := range shared {
		k.Host = pattern(k.Origin)
		kept = append(kept, k)
	}
	slices.SortFunc(kept, func(a, b store.Kept) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.IssuedTo, b.IssuedTo), cmp.Compare(a.Issued, b.Issued))
	})
	entries := make([]listed, 0, len(kept))
	for _, k := range kept {
		issued, expiry := time.Unix(k.Issued, 0).UTC(), time.Unix(k.Expiry, 0).UTC()
		age, left := now.Sub(issued), expiry.Sub(now)
		entries = append(entries,
			listed{k.Host, k.Account, k.Region, k.IssuedTo, issued, expiry, int64(age.Seconds()), int64(left.Seconds()), k.Origin})
	}
	return entries, nil
}

// pattern returns a pattern of the registries with the same API as the given one.
func pattern(host string) string {
	_, rest, _ := strings.Cut(host, ".")
	return "*." + rest
}

// writeTable writes one line per entry: aligned columns with a header for a terminal, or tab-separated fields for
// programs.
func writeTable(out io.Writer, entries []listed, columns bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if columns {
		fmt.Fprintln(w, "REGISTRY\tACCOUNT\tREGION\tISSUED TO\tAGE\tEXPIRES IN\tREQUESTED FOR")
		out = w
	}
	for _, e := range entries {
		in := seconds(e.ExpiresIn)
		if e.ExpiresIn <= 0 {
			in = "expired"
		}
		account := cmp.Or(e.Account, "public")
		if strings.HasPrefix(e.Host, "*.") {
			account = "all"
		}
		_, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			e.Host, account, e.Region, e.IssuedTo, seconds(e.Age), in, e.Origin)
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

func seconds(n int64) string { return (time.Duration(n) * time.Second).String() }

func (p *Program) cacheClear() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:               "clear HOST... | --all",
		Short:             "Delete cached tokens of the given registries, or of all registries",
		Example:           "  docker-credential-ecr-login cache clear 123456789012.dkr.ecr.us-west-2.amazonaws.com",
		ValidArgsFunction: p.completeHosts,
		Args: func(_ *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return errors.New("specify at least one registry, or --all")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if !all {
				return p.load().drop(args)
			}
			s, err := p.loadCache()
			if err != nil {
				return err
			}
			return errors.Join(s.source().Clear(), fastpath.EraseRoutes(p.Env))
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "delete the cached tokens of all registries")
	return cmd
}

// drop deletes the cached tokens of the given registries. If one of hosts is not a registry, it deletes none.
func (s *setting) drop(hosts []string) error {
	registries := map[string]bool{}
	for _, host := range hosts {
		r, err := s.resolve(host)
		if err != nil {
			return fmt.Errorf("clearing the cache: %q: %w; no token was deleted", registry.Shown(host), err)
		}
		registries[r.Host] = true
	}
	c := s.source()
	for host := range registries {
		if err := c.Drop(host); err != nil {
			return err
		}
	}
	return nil
}

func (p *Program) cachePath() *cobra.Command {
	return &cobra.Command{
		Use:     "path",
		Short:   "Print the cache directory",
		Example: "  ls -l $(docker-credential-ecr-login cache path)",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := p.loadCache()
			if err != nil {
				return err
			}
			switch dir := s.dir(); {
			case dir != "":
				if _, err := store.Open(dir, p.Env); err != nil && !filepath.IsAbs(dir) {
					return err
				}
				_, err := fmt.Fprintln(p.Stdout, dir)
				return err
			case s.config.Cache.Disabled:
				return fmt.Errorf("the cache is disabled: \"disabled\" of \"cache\" is true in %s", s.config.Path)
			case p.Env.Get("AWS_ECR_DISABLE_CACHE") != "":
				return errors.New("the cache is disabled: AWS_ECR_DISABLE_CACHE is set")
			}
			return errors.New("no cache directory: HOME, XDG_CACHE_HOME and AWS_ECR_CACHE_DIR are not set; set one of them")
		},
	}
}
