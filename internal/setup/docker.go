package setup

import (
	"cmp"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"ecrlogin/config"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/program"
	"ecrlogin/registry"
)

// Docker adds this helper to Docker's config.json. If it returns an error, no file was changed.
func (r *Request) Docker() error {
	path, err := dockerconfig.Path(r.Env)
	if err != nil {
		return err
	}
	f, err := dockerconfig.Open(path)
	if err != nil {
		return err
	}
	// Docker has a default store only if its file contains no credentials settings. After the first entry in
	// credHelpers, it would store passwords of other hosts in plain text.
	store := defaultStore(r.Env, f, runtime.GOOS)
	return r.configure(client{
		name: "docker", path: path, files: []*dockerconfig.File{f}, store: store,
		all: func(own *ownFile) ([]*change, error) {
			return nil, r.replaceStore(f, own, cmp.Or(f.CredsStore(), store))
		},
	})
}

// replaceStore sets this helper as credsStore, and the previous store as its fallback for other registries.
func (r *Request) replaceStore(f *dockerconfig.File, own *ownFile, before string) error {
	f.SetCredsStore(program.Helper)
	switch {
	case before != "" && before != program.Helper:
		r.printf("passwords of other registries stay in %q, which becomes the fallback", before)
		r.warnUnread(f, own, before)
		return own.setFallback(before)
	case own.config.Fallback == "":
		r.printf("passwords of other registries are stored unencrypted in a file, as Docker does without a credential store; to use a keychain, set fallback to its helper in %s", own.path())
		return own.setFallback(config.FallbackFile)
	}
	return nil
}

// warnUnread prints a note about plain-text passwords that Docker ignores because it uses a credential store.
func (r *Request) warnUnread(f *dockerconfig.File, own *ownFile, store string) {
	var hosts []string
	for _, e := range f.Entries() {
		if _, ours := own.target(e.Host); e.Secret && !ours {
			hosts = append(hosts, registry.ShownHost(e.Key)) // without a user name and password
		}
	}
	if len(hosts) > 0 {
		r.printf("note: passwords in %s for %s are ignored, as before, because Docker uses %q; log in again to store them there", f, strings.Join(hosts, ", "), store)
	}
}

// defaultStore returns the store that Docker uses by default if its file configures none; "" for plain text in the
// file.
// Source: DetectDefaultStore in cli/config/credentials of github.com/docker/cli.
func defaultStore(env environ.Env, f *dockerconfig.File, goos string) string {
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
		if store = "secretservice"; onPath(env, "pass") {
			store = "pass"
		}
	}
	if store == "" || !onPath(env, "docker-credential-"+store) {
		return ""
	}
	return store
}

// onPath reports whether a program is in a directory of PATH. Like Docker, it skips relative directories.
func onPath(env environ.Env, program string) bool {
	return slices.ContainsFunc(filepath.SplitList(env.Get("PATH")), func(dir string) bool {
		_, err := exec.LookPath(filepath.Join(dir, program))
		return err == nil && filepath.IsAbs(dir)
	})
}
