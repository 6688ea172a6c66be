//go:build unix

package setup

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/swaptest"
	"ecrlogin/internal/userfile"
)

// at returns an environment with a home directory, and a temporary directory that replaces systemRecords.
func at(t *testing.T, home string) (env environ.Env, machine string) {
	t.Helper()
	machine = filepath.Join(t.TempDir(), "machine")
	before := systemRecords
	systemRecords = machine
	t.Cleanup(func() { systemRecords = before })
	return environ.Env{"HOME=" + home}, machine
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// configureDocker configures Docker in the home directory of env.
func configureDocker(env environ.Env) error {
	return (&Request{Env: env, Registries: []string{host}, Out: io.Discard}).Docker()
}

// plant writes a record with a backup that would replace a file.
func plant(t *testing.T, records, file, copyOf, content string) {
	t.Helper()
	now, err := os.ReadFile(file)
	must(t, err, os.MkdirAll(records, 0o700), os.WriteFile(copyOf, []byte(content), 0o600))
	text, err := json.Marshal(record{Command: "configure docker", Files: []recorded{{Path: file, Backup: copyOf, Before: hash([]byte(content)), After: hash(now)}}})
	must(t, err, os.WriteFile(filepath.Join(records, "20260102T150405Z.json"), text, 0o600))
}

// TestUndoOfPlantedRecord checks that root does not use a record that another user planted, whether that user or root
// owns it.
func TestUndoOfPlantedRecord(t *testing.T) {
	for name, owner := range map[string]int{"owned by the user": swaptest.UID, "owned by root, via a link or a rename": 0} {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			env, _ := at(t, a.Home)
			records := homeRecords(env)
			plant(t, records, a.File, filepath.Join(a.Home, "copy"), "planted")
			must(t, filepath.WalkDir(a.Home, func(path string, _ os.DirEntry, err error) error {
				return errors.Join(err, os.Chown(path, swaptest.UID, swaptest.UID))
			}))
			must(t, os.Chown(records, owner, owner), os.Chown(filepath.Join(records, "20260102T150405Z.json"), owner, owner))
			for _, force := range []bool{false, true} {
				err := Undo(env, force, io.Discard)
				if want := "nothing to undo for root; " + records + " belongs to another user: to undo the runs recorded there, run this command as that user"; err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
			if changed := a.Changed(); changed != "" {
				t.Error(changed)
			}
		})
	}
}

// TestUndoOfUnsafeRecord checks that records and backups that other users could have written are rejected.
func TestUndoOfUnsafeRecord(t *testing.T) {
	records := func(home string) string { return homeRecords(environ.Env{"HOME=" + home}) }
	one := func(pattern string) string {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) != 1 {
			t.Fatalf("%s: %q, %v", pattern, paths, err)
		}
		return paths[0]
	}
	record := func(home string) string { return one(filepath.Join(records(home), "*.json")) }
	copyOf := func(home string) string { return one(filepath.Join(home, ".docker", "*-backup-*")) }
	type test struct {
		path  func(home string) string
		spoil func(path string) error
		want  string
	}
	writable := func(path string) error { return os.Chmod(path, 0o720) }
	tests := map[string]test{
		"directory": {records, writable, "PATH: not used to undo changes, because it can be written to by others; correct its owner and mode, or move it away"},
		"record":    {record, writable, "PATH: not used to undo changes, because it can be written to by others; correct its owner and mode, or move it away"},
		"copy":      {copyOf, writable, "PATH: not used to undo changes, because it can be written to by others; correct its owner and mode, or move it away"},
	}
	if os.Geteuid() == 0 {
		chown := func(path string) error { return os.Chown(path, swaptest.UID, swaptest.UID) }
		for name, path := range map[string]func(string) string{"directory": records, "record": record, "copy": copyOf} {
			tests[name+" of another user"] = test{path, chown, "PATH: not used to undo changes, because it belongs to another user; correct its owner and mode, or move it away"}
		}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			env, _ := at(t, home)
			config := filepath.Join(home, ".docker", "config.json")
			must(t, os.Mkdir(filepath.Dir(config), 0o700), os.WriteFile(config, []byte("{}\n"), 0o600), configureDocker(env))
			after, err := os.ReadFile(config)
			must(t, err)
			path := tt.path(home)
			must(t, tt.spoil(path))
			err = Undo(env, false, io.Discard)
			if want := strings.Replace(tt.want, "PATH", path, 1); err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if now, err := os.ReadFile(config); err != nil || !bytes.Equal(now, after) {
				t.Errorf("the change was undone, %v", err)
			}
			must(t, os.Chmod(path, 0o700))
			if os.Geteuid() == 0 {
				must(t, os.Chown(path, 0, 0))
			}
			must(t, Undo(env, false, io.Discard))
			if now, err := os.ReadFile(config); err != nil || string(now) != "{}\n" {
				t.Errorf("it is %q, %v", now, err)
			}
		})
	}
}

// TestFailedWrite checks that a run that fails removes no file or directory that it did not create.
func TestFailedWrite(t *testing.T) {
	home := t.TempDir()
	env, _ := at(t, home)
	t.Chdir(t.TempDir()) // empty, so that it can be removed
	created := filepath.Join(home, "created")
	f, err := userfile.Read(created)
	must(t, err, os.WriteFile(created, []byte("theirs"), 0o600))
	r := &Request{Env: env, Out: io.Discard}
	if err := r.apply("test", &change{file: f, after: []byte("ours")}); !errors.Is(err, userfile.ErrChanged) {
		t.Errorf("got %v", err)
	}
	if dir, err := os.Getwd(); err != nil {
		t.Errorf("the working directory %s was removed: %v", dir, err)
	}

	f, err = userfile.Read(created)
	must(t, err)
	r.Time = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	backup := created + ".ecr-login-backup-20260102T150405Z"
	must(t, os.WriteFile(backup, []byte("older"), 0o600))
	if err := r.apply("test", &change{file: f, after: []byte("ours")}); err == nil || !strings.Contains(err.Error(), backup+": not overwritten") {
		t.Errorf("got %v", err)
	}
	for path, want := range map[string]string{backup: "older", created: "theirs"} {
		if content, err := os.ReadFile(path); err != nil || string(content) != want {
			t.Errorf("%s is %q, %v; want %q", path, content, err, want)
		}
	}
}

// TestRootConfiguresForAUser checks that root leaves no root-owned file in a user's home, keeps its own records, and
// can undo.
func TestRootConfiguresForAUser(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("root is refused")
	}
	a := swaptest.New(t)
	env, machine := at(t, a.Home)
	config := filepath.Join(a.Home, ".docker", "config.json")
	for _, before := range []string{"", "{\"x\": 1}\n"} {
		if before != "" {
			must(t, os.WriteFile(config, []byte(before), 0o640), os.Chown(config, swaptest.UID, swaptest.UID))
		}
		must(t, configureDocker(env))
		must(t, filepath.WalkDir(a.Home, func(path string, d os.DirEntry, err error) error {
			if err == nil && owner(t, path) != swaptest.UID {
				t.Errorf("%s belongs to %d", path, owner(t, path))
			}
			return err
		}))
		if records, err := filepath.Glob(filepath.Join(machine, "*.json")); err != nil || len(records) != 1 {
			t.Errorf("the records are %q, %v", records, err)
		}
		must(t, Undo(env, false, io.Discard))
		if now, err := os.ReadFile(config); string(now) != before || (err == nil) != (before != "") {
			t.Errorf("it was %q, and is %q, %v", before, now, err)
		}
	}
}

// TestRootConfiguresAndIsNotRedirected checks that root changes no other file while the user swaps files and
// directories.
func TestRootConfiguresAndIsNotRedirected(t *testing.T) {
	for name, attack := range map[string]func(a *swaptest.Arena){
		"the directory": func(a *swaptest.Arena) { a.Attack(swaptest.Swapped, a.Home, ".docker", a.Dir) },
		"the file and copies": func(a *swaptest.Arena) {
			a.Attack(swaptest.Symlink, filepath.Join(a.Home, ".docker"), "config.json.", a.File)
		},
		"temporary files": func(a *swaptest.Arena) {
			a.Attack(swaptest.Symlink, filepath.Join(a.Home, ".docker"), ".config.json.", a.File)
		},
		"the home": func(a *swaptest.Arena) { a.Attack(swaptest.Missing, a.Home, ".config", a.Dir) },
	} {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			env, machine := at(t, a.Home)
			docker := filepath.Join(a.Home, ".docker")
			config := filepath.Join(docker, "config.json")
			must(t, os.Mkdir(docker, 0o777), os.WriteFile(config, []byte("{}"), 0o666), os.Chmod(config, 0o666),
				os.Chown(config, swaptest.UID, swaptest.UID), os.Chown(docker, swaptest.UID, swaptest.UID))
			attack(a)
			a.Survive(300, time.Second, func(int) {
				_ = configureDocker(env)
				_ = Undo(env, true, io.Discard)
				os.RemoveAll(machine)
			})
		})
	}
}

func owner(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	return int(info.Sys().(*syscall.Stat_t).Uid)
}
