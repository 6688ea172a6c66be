package setup

import (
	"os/exec"
	"runtime"
	"strings"

	"ecrlogin/config"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/program"
)

// Docker adds this helper to Docker's config.json at path, see dockerconfig.Path. If it returns an error, no file was
// changed.
func (r *Request) Docker(path string) error {
	if err := r.check(); err != nil {
		return err
	}
	f, err := dockerconfig.Open(path)
	if err != nil {
		return err
	}
	own, err := openOwn(configpath.Places(environ.Process()))
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

// keepStore sets credsStore to the store that Docker uses by default. Docker has a default store only if its file
// contains no credentials settings. After the first entry in credHelpers, it would store passwords of other hosts in
// plain text.
func (r *Request) keepStore(f *dockerconfig.File) {
	if store := silentStore(f, runtime.GOOS); store != "" {
		r.say(`"credsStore" set to %q, so that Docker continues to store passwords of other registries there`, store)
		f.SetCredsStore(store)
	}
}

// everything sets this helper as credsStore, and the previous store as its fallback for other registries.
func (r *Request) everything(f *dockerconfig.File, own *ownFile) error {
	before := f.CredsStore()
	if before == "" {
		before = silentStore(f, runtime.GOOS)
	}
	f.SetCredsStore(program.Helper)
	switch {
	case before != "" && before != program.Helper:
		r.say("passwords of other registries stay in %q, which becomes the fallback", before)
		r.warnUnread(f, own, before)
		return own.setFallback(before)
	case own.config.Fallback == "":
		r.say("passwords of other registries are stored unencrypted in a file, as Docker does without a credential store; to use a keychain, set fallback to its helper in %s", own.path())
		return own.setFallback(config.FallbackFile)
	}
	return nil
}

// warnUnread prints a note about plain-text passwords that Docker ignores because it uses a credential store.
func (r *Request) warnUnread(f *dockerconfig.File, own *ownFile, store string) {
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

// silentStore returns the store that Docker uses by default if its file configures none; "" for plain text in the
// file.
// Source: DetectDefaultStore in cli/config/credentials of github.com/docker/cli.
func silentStore(f *dockerconfig.File, goos string) string {
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
