package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"ecrlogin/cache"
	"ecrlogin/cache/store"
	"ecrlogin/registry"
)

const cacheUsage = `Usage: docker-credential-ecr-login cache list [--json]
       docker-credential-ecr-login cache clear HOST... | --all
       docker-credential-ecr-login cache path

    list     show the registries with a token, whom each was issued to, how old it is and when it expires
    clear    forget the tokens of some registries, or all
    path     print the folder in which they are kept
`

// errUsage is an error of whoever called the program.
var errUsage = errors.New("wrong usage")

// cacheCommand runs "cache" with what follows it.
func cacheCommand(args []string, stdout, stderr io.Writer) (exit int) {
	err := errUsage
	c := &cache.Cache{Dir: store.Dir()}
	if len(args) > 0 {
		switch args[0] {
		case "list":
			err = cacheList(c, args[1:], stdout)
		case "clear":
			err = cacheClear(c, args[1:])
		case "path":
			err = cachePath(c, args[1:], stdout)
		case "-h", "--help", "help":
			fmt.Fprint(stdout, cacheUsage)
			return 0
		}
	}
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprint(stderr, cacheUsage)
		return 2
	case err != nil:
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// A listed entry is one as a script may read it: never with its password.
type listed struct {
	Host      string    `json:"host"`
	Account   string    `json:"account,omitempty"`
	Region    string    `json:"region"`
	As        string    `json:"as"`
	Issued    time.Time `json:"issued"`
	Expiry    time.Time `json:"expiry"`
	Age       int64     `json:"ageSeconds"`
	ExpiresIn int64     `json:"expiresInSeconds"` // negative once it has expired
}

func cacheList(c *cache.Cache, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("list", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "")
	if flags.Parse(args) != nil || flags.NArg() != 0 {
		return errUsage
	}
	kept, err := c.Entries()
	if err != nil {
		return err
	}
	slices.SortFunc(kept, func(a, b store.Kept) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.As, b.As), cmp.Compare(a.Issued, b.Issued))
	})
	now := time.Now()
	entries := make([]listed, 0, len(kept))
	for _, k := range kept {
		issued, expiry := time.Unix(k.Issued, 0).UTC(), time.Unix(k.Expiry, 0).UTC()
		entries = append(entries, listed{k.Host, k.Account, k.Region, k.As, issued, expiry, int64(now.Sub(issued).Seconds()), int64(expiry.Sub(now).Seconds())})
	}
	if *asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(entries)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REGISTRY\tACCOUNT\tREGION\tISSUED TO\tAGE\tEXPIRES IN")
	for _, e := range entries {
		in := seconds(e.ExpiresIn)
		if e.ExpiresIn <= 0 {
			in = "expired"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Host, cmp.Or(e.Account, "public"), e.Region, e.As, seconds(e.Age), in)
	}
	return w.Flush()
}

func seconds(n int64) string { return (time.Duration(n) * time.Second).String() }

func cacheClear(c *cache.Cache, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "--all":
		return c.Clear()
	case len(args) == 0:
		return errUsage
	}
	var hosts []string
	for _, arg := range args {
		r, err := registry.Parse(arg)
		if err != nil {
			return fmt.Errorf("clearing the cache: %q: %w; nothing was cleared", arg, err)
		}
		hosts = append(hosts, r.Host)
	}
	for _, host := range hosts {
		if err := c.Drop(host); err != nil {
			return err
		}
	}
	return nil
}

func cachePath(c *cache.Cache, args []string, out io.Writer) error {
	switch {
	case len(args) != 0:
		return errUsage
	case c.Dir != "":
		_, err := fmt.Fprintln(out, c.Dir)
		return err
	case os.Getenv("AWS_ECR_DISABLE_CACHE") != "":
		return errors.New("nothing is cached: AWS_ECR_DISABLE_CACHE is set")
	}
	return errors.New("nothing is cached: there is no HOME, XDG_CACHE_HOME or AWS_ECR_CACHE_DIR to find a folder by")
}
