package userfile_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ecrlogin/internal/userfile"
)

// TestWritePrivateAsRoot checks where root writes a password in a directory of another user: only where that user could
// write it, and as that user.
func TestWritePrivateAsRoot(t *testing.T) {
	home := "12345 755 home/"
	for _, tt := range []struct {
		name    string
		entries []string
		refused string // the reason; "" if root writes
		target  string
	}{
		{"a new file", []string{home}, "", "home/config.json"},
		{"a public file", []string{home, "12345 666 home/config.json"}, "", "home/config.json"},
		{"a link", []string{home, "12345 0 home/config.json -> new/c"}, "", "home/new/c"},
		{"a link to a file of root's", []string{home, "0 755 root/", "0 644 root/c", "12345 0 home/config.json -> ../root/c"},
			"root does not belong to the owner of home", "root/c"},
		{"a file of root's", []string{home, "0 644 home/config.json"}, "home/config.json does not belong to the owner of home", "home/config.json"},
		{"a closed directory of root's", []string{home, "0 700 home/d/", "12345 0 home/config.json -> d/c"}, "home/d is closed to the owner of home", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			top := tree(t, tt.entries...)
			before := owners(t, top)
			err := userfile.WritePrivate(filepath.Join(top, "home/config.json"), []byte("secret"))
			if tt.refused != "" {
				if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), top+"/", ""), "not accessed as root, because "+tt.refused) {
					t.Errorf("got %v", err)
				}
				if after := owners(t, top); after != before {
					t.Errorf("changed from\n%sto\n%s", before, after)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			target := filepath.Join(top, tt.target)
			holds(t, target, "secret")
			if info, err := os.Stat(target); err != nil || info.Mode() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			if owner := ownersOf(t, top)[target]; owner != alice {
				t.Errorf("%s belongs to %d", target, owner)
			}
		})
	}
}

// TestWritePrivateToPlantedLink checks that a link of another user in a directory such as /tmp gets no password, and
// redirects no user to a file of their own.
func TestWritePrivateToPlantedLink(t *testing.T) {
	for name, tt := range map[string]struct {
		entries []string
		written string // the file; "" if nothing is written
	}{
		"of another user": {[]string{"0 1777 tmp/", "12345 755 home/", "12345 0 tmp/out -> ../home/out"}, ""},
		"directory":       {[]string{"0 1777 tmp/", "12345 755 home/", "12345 0 tmp/d -> ../home", "0 0 tmp/out -> d/out"}, ""},
		"of root":         {[]string{"0 1777 tmp/", "12345 755 home/", "0 0 tmp/out -> ../home/out"}, "home/out"},
		"of the owner":    {[]string{"12345 1777 tmp/", "12345 755 home/", "12345 0 tmp/out -> ../home/out"}, "home/out"},
		"closed":          {[]string{"0 755 tmp/", "12345 755 home/", "12345 0 tmp/out -> ../home/out"}, "home/out"},
	} {
		t.Run(name, func(t *testing.T) {
			top := tree(t, tt.entries...)
			before := owners(t, top)
			err := userfile.WritePrivate(filepath.Join(top, "tmp/out"), []byte("secret"))
			if tt.written != "" {
				if err != nil {
					t.Fatal(err)
				}
				holds(t, filepath.Join(top, tt.written), "secret")
				return
			}
			if err == nil || !strings.Contains(err.Error(), " is a link of another user in a directory where all users can create files, so nothing was written; ") {
				t.Errorf("got %v", err)
			}
			if after := owners(t, top); after != before {
				t.Errorf("changed from\n%sto\n%s", before, after)
			}
		})
	}
}

// TestWritePublic checks which files of other users are replaced by metrics, without and with the rights of root.
func TestWritePublic(t *testing.T) {
	const nobody = "65534" // see as
	for name, tt := range map[string]struct {
		entries       []string
		user, root    string // the file that is written; "" if none
		userErr, rErr string
	}{
		"new":            {[]string{"0 777 tmp/"}, "tmp/out", "tmp/out", "", ""},
		"a user's":       {[]string{"12345 755 tmp/", "12345 644 tmp/out"}, "", "tmp/out", "permission denied", ""},
		"own link":       {[]string{"0 1777 tmp/", nobody + " 755 home/", nobody + " 0 tmp/out -> ../home/out"}, "home/out", "", "", "is a link of another user"},
		"a planted link": {[]string{"0 1777 tmp/", nobody + " 755 home/", "12345 0 tmp/out -> ../home/out"}, "", "", "is a link of another user", "is a link of another user"},
		"root's":         {[]string{"12345 755 tmp/", "0 644 tmp/out"}, "", "tmp/out", "permission denied", ""},
		"a directory":    {[]string{"0 777 tmp/", "0 777 tmp/out/"}, "", "", "not a regular file, so nothing", "not a regular file, so nothing"},
		"no directory":   {[]string{}, "", "", "cannot be replaced in", "cannot be replaced in"},
		"endless":        {[]string{"0 777 tmp/", "0 0 tmp/out -> out"}, "", "", "the link cannot be followed: it points to itself", "the link cannot be followed: it points to itself"},
	} {
		check := func(t *testing.T, target, refused string, asRoot bool, by func(*testing.T, func())) {
			top := tree(t, tt.entries...)
			before := owners(t, top)
			var err error
			by(t, func() { err = userfile.WritePublic(filepath.Join(top, "tmp/out"), []byte("text")) })
			if target == "" {
				if after := owners(t, top); err == nil || !strings.Contains(err.Error(), refused) || after != before {
					t.Errorf("got %v, want %q; from\n%sto\n%s", err, refused, before, after)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			holds(t, filepath.Join(top, target), "text")
			if info, err := os.Stat(filepath.Join(top, target)); err != nil || info.Mode() != 0o644 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			all := ownersOf(t, top)
			dir, file := all[filepath.Join(top, filepath.Dir(target))], all[filepath.Join(top, target)]
			if asRoot && file != dir || !asRoot && strconv.Itoa(file) != nobody {
				t.Errorf("the file belongs to %d, and its directory to %d", file, dir)
			}
		}
		t.Run(name, func(t *testing.T) {
			t.Run("user", func(t *testing.T) { check(t, tt.user, tt.userErr, false, as) })
			t.Run("root", func(t *testing.T) { check(t, tt.root, tt.rErr, true, func(_ *testing.T, do func()) { do() }) })
		})
	}
}
