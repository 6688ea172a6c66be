package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"ecrlogin/registry"
)

// known is an AWS identity and the registry of its account and region.
type known struct {
	profile // its name is "" for the identity in the environment
	account string
	host    string
	err     error // why there is no host
}

// String returns the name of the identity for messages.
func (k known) String() string {
	if k.name == "" {
		return "AWS environment variables"
	}
	return fmt.Sprintf("AWS profile %q", k.name)
}

// fromAWS returns the registry of each identity in the environment and in the AWS files, or the reason why it has
// none. It calls AWS for the accounts that these do not contain.
func (r *Request) fromAWS() []known {
	var all []known
	if p, ok := environmentProfile(); ok {
		all = append(all, known{profile: p})
	}
	for _, p := range readProfiles() {
		all = append(all, known{profile: p})
	}
	var asked []*known
	for i := range all {
		k := &all[i]
		k.account = k.profile.account()
		switch {
		case k.region() == "":
			k.err = errors.New("no region; set region in the profile, or AWS_REGION")
		case k.account == "" && k.values["aws_access_key_id"] != "" && r.Account != nil:
			asked = append(asked, k)
		case k.account == "":
			k.err = fmt.Errorf("account unknown (the profile has no access key, role_arn or sso_account_id); specify the registry: --registry HOST --profile %q", k.name)
		}
	}
	r.ask(asked)
	for i := range all {
		all[i].find()
	}
	return all
}

// find sets the host if the account and the region are known.
func (k *known) find() {
	if k.err != nil {
		return
	}
	host, ok := hostOf(k.account, k.region())
	if !ok {
		k.err = fmt.Errorf("invalid account %q or region %q; correct the profile", k.account, k.region())
		return
	}
	k.host = host
}

// ask calls AWS for the accounts of identities, concurrently and within the Timeout.
func (r *Request) ask(identities []*known) {
	if len(identities) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.Timeout)
	defer cancel()
	r.progress("AWS account IDs to look up: %d (timeout %s)", len(identities), r.Timeout.Round(time.Second))
	var wg sync.WaitGroup
	var mu sync.Mutex // guards done and Progress
	done := 0
	for _, k := range identities {
		wg.Go(func() {
			k.account, k.err = r.accountOf(ctx, k)
			mu.Lock()
			defer mu.Unlock()
			done++
			r.progress("%d of %d: %s", done, len(identities), k)
		})
	}
	wg.Wait()
}

func (r *Request) accountOf(ctx context.Context, k *known) (string, error) {
	host, ok := hostOf("000000000000", k.region()) // any account in that region
	if !ok {
		return "", fmt.Errorf("invalid region %q; correct the profile", k.region())
	}
	there, err := registry.Parse(host)
	if err != nil {
		return "", err
	}
	return r.Account(ctx, k.name, there)
}

func (r *Request) progress(format string, args ...any) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, format+"\n", args...)
	}
}

// hostOf returns the registry of an account in a region. The partition of the region determines the domain.
func hostOf(account, region string) (string, bool) {
	for _, pattern := range registry.Patterns() {
		suffix, ok := strings.CutPrefix(pattern, "*.dkr.ecr.*.")
		if !ok {
			continue
		}
		if r, err := registry.Parse(account + ".dkr.ecr." + region + "." + suffix); err == nil {
			return r.Host, true
		}
	}
	return "", false
}

// isDefault reports whether the AWS SDK uses the profile by default. The empty name is the identity in the
// environment.
func isDefault(profile string) bool {
	return slices.Contains([]string{"", "default", cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"))}, profile)
}
