//go:build unix

package file_test

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/refresh"
	"ecrlogin/refresh/file"
)

func modePtr(m fs.FileMode) *fs.FileMode { return &m }

// TestMode checks the mode of new and existing files.
func TestMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	o0640, o0440 := modePtr(0o640), modePtr(0o440)
	for name, tt := range map[string]struct {
		before fs.FileMode // 0: there is no file
		o      file.Options
		docker bool
		want   fs.FileMode
	}{
		"new":                             {0, file.Options{}, false, 0o600},
		"existing":                        {0o644, file.Options{}, false, 0o600},
		"with a mode":                     {0, file.Options{Mode: o0640}, false, 0o640},
		"existing with a mode":            {0o600, file.Options{Mode: o0640}, false, 0o640},
		"read-only":                       {0, file.Options{Mode: o0440}, false, 0o440},
		"legacy, new":                     {0, file.Options{Legacy: true}, false, 0o644},
		"legacy, existing":                {0o640, file.Options{Legacy: true}, false, 0o640},
		"Docker configuration":            {0, file.Options{}, true, 0o600},
		"Docker configuration, existing":  {0o644, file.Options{}, true, 0o644},
		"Docker configuration, with mode": {0o644, file.Options{Mode: o0640}, true, 0o640},
	} {
		t.Run(name, func(t *testing.T) {
			tt.o.Path, tt.o.Login = filepath.Join(t.TempDir(), "file"), login(t, host)
			var target refresh.Target = file.NewPassword(tt.o)
			if tt.docker {
				target = file.NewDockerConfig(tt.o)
			}
			if tt.before != 0 {
				write(t, tt.o.Path, "{}", tt.before)
			}
			for range 3 {
				mustApply(t, target, "password")
				if got := stat(t, tt.o.Path).Mode(); got != tt.want {
					t.Fatalf("mode %v, want %v", got, tt.want)
				}
			}
			if tt.o.Legacy || tt.docker && tt.o.Mode == nil {
				return
			}
			must(t, os.Chmod(tt.o.Path, 0o606))
			mustApply(t, target, "password")
			if got := stat(t, tt.o.Path).Mode(); got != tt.want {
				t.Errorf("mode %v was not restored to %v", got, tt.want)
			}
		})
	}
}

// TestLegacyWarning checks that the warning about mode 0644 is logged once for each target that creates a file.
func TestLegacyWarning(t *testing.T) {
	log, out := logger()
	path := filepath.Join(t.TempDir(), "pass")
	target := file.NewPassword(file.Options{Path: path, Login: login(t, host), Legacy: true, Log: log})
	for range 3 {
		mustApply(t, target, "password")
		must(t, os.Remove(path))
	}
	want := `level=WARN msg="` + path + `: created with mode 0644, so that all users can read the password; ` +
		`set \"mode\", and fsGroup in the securityContext of the pod if another user reads the file"` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out, want)
	}
	out.Reset()
	write(t, path, "old", 0o644)
	existing := file.NewPassword(file.Options{Path: path, Login: login(t, host), Legacy: true, Log: log})
	mustApply(t, existing, "password")
	if out.Len() > 0 {
		t.Errorf("an existing file: %s", out)
	}
}

// TestOwner checks names and numbers of owners and groups.
func TestOwner(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Skip("this group has no name:", err)
	}
	path := filepath.Join(t.TempDir(), "pass")
	for _, o := range []file.Options{
		{Owner: me.Username, Group: group.Name}, {Owner: me.Uid, Group: me.Gid}, {Group: group.Name}, {Owner: me.Uid},
	} {
		o.Path, o.Login = path, login(t, host)
		mustApply(t, file.NewPassword(o), "password of "+o.Owner+" "+o.Group)
		uid, gid := atomicfile.Owner(stat(t, path))
		if strconv.Itoa(uid) != me.Uid || strconv.Itoa(gid) != me.Gid {
			t.Errorf("%q:%q: %d:%d", o.Owner, o.Group, uid, gid)
		}
	}
	for _, o := range []file.Options{
		{Owner: "no such user"}, {Owner: "-1"}, {Owner: "4294967295"}, {Group: "no such group"}, {Group: "1.5"},
	} {
		option, value := "owner", o.Owner
		if o.Group != "" {
			option, value = "group", o.Group
		}
		o.Path, o.Login = path, login(t, host)
		wantError(t, file.NewPassword(o), "", path+": unknown "+option+" "+strconv.Quote(value)+
			"; specify its number; names are those of the container in which this program runs")
	}
}

// TestPipe checks that a pipe is neither opened nor replaced.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pipe")
	must(t, syscall.Mkfifo(path, 0o600))
	want := "DIR/pipe: is not a regular file; remove it, or specify another path"
	wantError(t, file.NewPassword(file.Options{Path: path, Login: login(t, host)}), dir, want)
	wantError(t, file.NewDockerConfig(file.Options{Path: path, Login: login(t, host)}), dir, want)
}

// TestDeniedDirectory checks the error for a directory to which this user cannot write.
func TestDeniedDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can write to every directory; see TestDirectories")
	}
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o555))
	defer os.Chmod(dir, 0o755)
	err := apply(t, file.NewPassword(file.Options{Path: filepath.Join(dir, "pass"), Login: login(t, host)}), "password")
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "check the owner and mode of the directory") {
		t.Errorf("got %v", err)
	}
}
