package configure

import (
	"os/exec"
	"runtime"
	"strings"

	"ecrlogin/config"
	"ecrlogin/config/file"
	"ecrlogin/credentials/docker/configfile"
)

// Docker names this helper in Docker's config.json, see configfile.Path. An error says why nothing was written.
func (r *Request) Docker(path string) error {
	if err := r.check(); err != nil {
		return err
	}
	f, err := configfile.Open(path)
	if err != nil {
		return err
	}
	own, err := openOwn(file.Places())
	if err != nil {
		return err
	}
	targets, err := r.targets(own, f)
	switch {
	case err != nil:
		return err
	case len(targets) == 0 && !r.All:
		return nothingFound("docker")
	}
	r.sudo(path)
	if r.All {
		if err := r.everything(f, own); err != nil {
			return err
		}
	} else {
		r.announce(targets, own)
		r.keepStore(f)
		r.serve(f, targets)
	}
	r.replaceURLs(f, own, r.covers(targets))
	r.dropLogins(f, own, r.covers(targets))
	if err := own.setProfiles(targets, r.Profile); err != nil {
		return err
	}
	return r.apply("configure docker", r.ownChange(own), clientChange(f))
}

// keepStore writes down which store Docker uses for other hosts without being told. It does so only as long as its file says
// nothing about passwords; the first entry of credHelpers would end that, and logins would go to the file in plain text.
func (r *Request) keepStore(f *configfile.File) {
	if store := silentStore(f, runtime.GOOS); store != "" {
		r.say(`"credsStore" set to %q, so that Docker continues to store passwords of other registries there`, store)
		f.SetCredsStore(store)
	}
}

// everything makes the helper that of all hosts, and what was asked so far the one that it asks for those not its own.
func (r *Request) everything(f *configfile.File, own *ownFile) error {
	before := f.CredsStore()
	if before == "" {
		before = silentStore(f, runtime.GOOS)
	}
	f.SetCredsStore(self)
	switch {
	case before != "" && before != self:
		r.say("passwords of other registries stay in %q, which becomes the fallback", before)
		r.warnUnread(f, own, before)
		return own.setFallback(before)
	case own.config.Fallback == "":
		r.say("passwords of other registries are stored unencrypted in a file, as Docker does without a credential store; to use a keychain, set fallback to its helper in %s", own.path())
		return own.setFallback(config.FallbackFile)
	}
	return nil
}

// warnUnread tells of passwords in plain text that Docker does not read, and did not before, since it has a store.
func (r *Request) warnUnread(f *configfile.File, own *ownFile, store string) {
	var hosts []string
	for _, e := range f.Entries() {
		if _, ours := own.target(e.Host); e.Secret && !ours {
			hosts = append(hosts, e.Host)
		}
	}
	if len(hosts) > 0 {
		r.say("note: passwords in %s for %s are ignored, as before, because Docker uses %q; log in again to store them there", f, strings.Join(hosts, ", "), store)
	}
}

// silentStore returns the store that Docker uses although its file names none, "" for plain text in the file.
// Source: DetectDefaultStore in cli/config/credentials of github.com/docker/cli.
func silentStore(f *configfile.File, goos string) string {
	if f.CredsStore() != "" || len(f.CredHelpers()) > 0 || len(f.Entries()) > 0 {
		return ""
	}
	var store string
	switch goos {
	case "darwin":
		store = "osxkeychain"
	case "windows":
		store = "wincred"
	case "linux":
		if store = "secretservice"; onPath("pass") {
			store = "pass"
		}
	}
	if store == "" || !onPath("docker-credential-"+store) {
		return ""
	}
	return store
}

func onPath(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}
