package file_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/refresh/file"
)

const (
	fsGroup  = 2000 // the group of a volume
	stranger = 4321 // a user who neither owns the volume nor reads the file
)

// TestDirectories checks who can write to which volume, and that Clouddriver can read what is meant for it.
func TestDirectories(t *testing.T) {
	requireRoot(t)
	const setgid, sticky = fs.ModeSetgid, fs.ModeSticky
	readable, grouped, owned := file.Options{Legacy: true}, file.Options{Mode: modePtr(0o640)}, file.Options{Owner: "10111"}
	program := executable(t)
	for name, tt := range map[string]struct {
		uid, gid int // of the directory
		mode     fs.FileMode
		by       uint32 // who writes
		o        file.Options
		want     string // mode, owner and group of the file, or an error
	}{
		"root in emptyDir":                   {0, 0, 0o777, 0, readable, "-rw-r--r-- 0:0"},
		"root in emptyDir, for Clouddriver":  {0, 0, 0o777, 0, owned, "-rw------- 10111:0"},
		"root in emptyDir with fsGroup":      {0, fsGroup, 0o777 | setgid, 0, grouped, "-rw-r----- 0:2000"},
		"root in a group's volume":           {0, fsGroup, 0o775 | setgid, 0, grouped, "-rw-r----- 0:2000"},
		"root in a sticky directory":         {0, 0, 0o777 | sticky, 0, readable, "-rw-r--r-- 0:0"},
		"root in the reader's volume":        {clouddriver, clouddriver, 0o755, 0, readable, "-rw-r--r-- 0:0"},
		"root in the reader's closed volume": {clouddriver, clouddriver, 0o700, 0, owned, "-rw------- 10111:0"},
		"root in another user's volume":      {stranger, stranger, 0o755, 0, owned, "-rw------- 10111:0"},
		"a user in emptyDir":                 {0, 0, 0o777, stranger, readable, "-rw-r--r-- 4321:4321"},
		"a user with fsGroup":                {0, fsGroup, 0o775 | setgid, stranger, grouped, "-rw-r----- 4321:2000"},
		"the reader itself":                  {clouddriver, clouddriver, 0o755, clouddriver, owned, "-rw------- 10111:10111"},
		"a user in the reader's volume": {clouddriver, clouddriver, 0o755, stranger, readable,
			"FILE: cannot be written in DIR by user 4321: permission denied; " +
				"check the owner and mode of the directory, or set fsGroup in the securityContext of the pod"},
		"a user for Clouddriver": {0, 0, 0o777, stranger, owned, `FILE: owner "10111" cannot be set by user 4321: ` +
			`operation not permitted; run this program as that user (runAsUser) or as root with the capability CHOWN, or remove "owner"`},
		"a user for another group": {0, 0, 0o777, stranger, file.Options{Group: "10111"}, `FILE: group "10111" cannot be set by user 4321: ` +
			`operation not permitted; run this program in that group (fsGroup or supplementalGroups) or as root with the capability CHOWN, or remove "group"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := shared(t, tt.uid, tt.gid, tt.mode)
			tt.o.Path = filepath.Join(dir, "pass")
			for range 2 {
				got := run(job{Do: "apply", Options: tt.o, Password: "password"}.command(t, program, tt.by, tt.by, fsGroup))
				if got == "" {
					only(t, dir, "pass")
					got = permissions(t, tt.o.Path)
				} else {
					only(t, dir)
				}
				if want := strings.NewReplacer("FILE", tt.o.Path, "DIR", dir).Replace(tt.want); got != want {
					t.Fatalf("got  %s\nwant %s", got, want)
				}
			}
			if _, err := os.Stat(tt.o.Path); err != nil {
				return
			}
			if got := readAs(clouddriver, fsGroup, tt.o.Path); got != "password" {
				t.Errorf("Clouddriver reads %s", got)
			}
		})
	}
}

// TestParentOfAnotherUser checks a volume that is mounted below a directory of another user.
func TestParentOfAnotherUser(t *testing.T) {
	requireRoot(t)
	home := shared(t, clouddriver, clouddriver, 0o755)
	dir := filepath.Join(home, "passwords")
	must(t, os.Mkdir(dir, 0o755), os.Chmod(dir, 0o777))
	target := file.NewPassword(file.Options{Path: filepath.Join(dir, "pass"), Login: login(t, host), Owner: "10111"})
	for _, password := range []string{"first", "second"} {
		mustApply(t, target, password)
		if got := readAs(clouddriver, clouddriver, target.Name()); got != password {
			t.Errorf("Clouddriver reads %s", got)
		}
	}
}

// TestRestoreOwner checks that an owner and group that others have changed are restored.
func TestRestoreOwner(t *testing.T) {
	requireRoot(t)
	dir := shared(t, 0, 0, 0o777)
	for name, tt := range map[string]struct {
		o    file.Options
		want string
	}{
		"owner":                {file.Options{Owner: "10111"}, "-rw------- 10111:0"},
		"owner and group":      {file.Options{Owner: "10111", Group: "2000", Mode: modePtr(0o440)}, "-r--r----- 10111:2000"},
		"none":                 {file.Options{}, "-rw------- 0:0"},
		"legacy":               {file.Options{Legacy: true}, "-rw-r--r-- 5:6"},
		"legacy with an owner": {file.Options{Legacy: true, Owner: "10111"}, "-rw-r--r-- 10111:6"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.o.Path, tt.o.Login = filepath.Join(dir, name), login(t, host)
			target := file.NewPassword(tt.o)
			mustApply(t, target, "password")
			before := stat(t, tt.o.Path)
			mustApply(t, target, "password")
			if !os.SameFile(before, stat(t, tt.o.Path)) {
				t.Error("an unchanged file was written again")
			}
			must(t, os.Chown(tt.o.Path, 5, 6))
			mustApply(t, target, "password")
			mustApply(t, target, "new")
			if got := permissions(t, tt.o.Path); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestLegacyOwner checks what happens to files that the previous sidecar wrote as root or that were made for it.
func TestLegacyOwner(t *testing.T) {
	requireRoot(t)
	program := executable(t)
	for name, tt := range map[string]struct {
		uid, gid int
		mode     fs.FileMode
		by       uint32
		want     string
	}{
		"of root, readable":         {0, 0, 0o644, 0, "-rw-r--r-- 0:0"},
		"of root, by a user":        {0, 0, 0o644, stranger, "-rw-r--r-- 4321:4321"},
		"of the reader":             {clouddriver, clouddriver, 0o600, 0, "-rw------- 10111:10111"},
		"of the group":              {0, fsGroup, 0o640, 0, "-rw-r----- 0:2000"},
		"of the writer's group":     {stranger, fsGroup, 0o640, stranger, "-rw-r----- 4321:2000"},
		"of the reader, by a user":  {clouddriver, clouddriver, 0o600, stranger, "FILE: owner 10111 of the file cannot be kept by user 4321: operation not permitted; run this program as that user (runAsUser) or as root with the capability CHOWN, or set \"owner\" and \"mode\""},
		"of a group, by a stranger": {stranger, clouddriver, 0o640, stranger, "FILE: group 10111 of the file cannot be kept by user 4321: operation not permitted; run this program in that group (fsGroup or supplementalGroups) or as root with the capability CHOWN, or set \"group\" and \"mode\""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := shared(t, 0, 0, 0o777)
			path := filepath.Join(dir, "pass")
			write(t, path, "old", tt.mode)
			must(t, os.Chown(path, tt.uid, tt.gid), os.Chmod(path, tt.mode))
			for _, password := range []string{"first", "second"} {
				got := run(job{Do: "apply", Options: file.Options{Path: path, Legacy: true}, Password: password}.
					command(t, program, tt.by, tt.by, fsGroup))
				if got == "" {
					got = permissions(t, path)
					contains(t, path, password)
				} else {
					contains(t, path, "old")
				}
				if want := strings.ReplaceAll(tt.want, "FILE", path); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
			only(t, dir, "pass")
		})
	}
}

// TestRootWithoutCapabilities checks root in a container that drops all capabilities.
func TestRootWithoutCapabilities(t *testing.T) {
	requireRoot(t)
	program := executable(t)
	for name, tt := range map[string]struct {
		uid  int
		mode fs.FileMode
		o    file.Options
		want string
	}{
		"emptyDir":        {0, 0o777, file.Options{Legacy: true}, "-rw-r--r-- 0:0"},
		"public volume":   {clouddriver, 0o777, file.Options{Legacy: true}, "-rw-r--r-- 0:0"},
		"reader's volume": {clouddriver, 0o755, file.Options{Legacy: true}, "FILE: cannot be written in DIR by user 0: permission denied; check the owner and mode of the directory, or set fsGroup in the securityContext of the pod"},
		"owner":           {0, 0o777, file.Options{Owner: "10111"}, `FILE: owner "10111" cannot be set by user 0: operation not permitted; run this program as that user (runAsUser) or as root with the capability CHOWN, or remove "owner"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := shared(t, tt.uid, 0, tt.mode)
			tt.o.Path = filepath.Join(dir, "pass")
			got := withoutCapabilities(t, job{Do: "apply", Options: tt.o, Password: "password"}.command(t, program, 0))
			if got == "" {
				got = permissions(t, tt.o.Path)
			}
			if want := strings.NewReplacer("FILE", tt.o.Path, "DIR", dir).Replace(tt.want); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// withoutCapabilities runs a command as root without capabilities.
func withoutCapabilities(t *testing.T, cmd *exec.Cmd) (output string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // until its end, because the thread cannot be used for anything else
		const setSecurebits, noRoot = 28, 1
		if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, setSecurebits, noRoot, 0); err != 0 {
			t.Error(err)
			return
		}
		output = run(cmd)
	}()
	<-done
	return output
}

// TestLeftoverOfAnotherUser checks the warning about a temporary file that this user cannot remove.
func TestLeftoverOfAnotherUser(t *testing.T) {
	requireRoot(t)
	dir := shared(t, 0, 0, 0o777|fs.ModeSticky)
	leftover := ".pass.ecr-token-refresh-0123456789abcdef"
	write(t, filepath.Join(dir, leftover), "part of a pass", 0o600)
	path := filepath.Join(dir, "pass")
	j := job{Do: "apply", Options: file.Options{Path: path}, Password: "password", Log: true}
	got := run(j.command(t, executable(t), stranger))
	want := `level=WARN msg="` + path + `: a temporary file of a process that was killed cannot be removed: ` +
		`operation not permitted; it contains a password, so remove it"`
	if !strings.HasSuffix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	contains(t, path, "password")
	mustApply(t, file.NewPassword(file.Options{Path: path, Login: login(t, host)}), "password")
	only(t, dir, "pass")
}

// permissions returns mode, owner and group of a file.
func permissions(t *testing.T, path string) string {
	t.Helper()
	info := stat(t, path)
	uid, gid := atomicfile.Owner(info)
	return fmt.Sprintf("%v %d:%d", info.Mode(), uid, gid)
}

// readAs reads a file as another user.
func readAs(uid, gid uint32, path string) string {
	cmd := exec.Command("cat", path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	out, _ := cmd.CombinedOutput() // which explains a failure
	return string(out)
}
