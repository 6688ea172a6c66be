package setup

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/scripttest"
	"ecrlogin/registry"
)

func TestMain(m *testing.M) {
	scripttest.Main(m, map[string]func(){"configure": command, "mode": mode})
}

// TestScript runs the scripts, each with its own home and system directories. In addition to the commands of package
// scripttest, the scripts use:
//
//	exec mode FILE
//	    Print the mode of a file.
func TestScript(t *testing.T) {
	scripttest.Run(t, scripttest.Suite{Setup: func(env *testscript.Env) error {
		home := filepath.Join(env.WorkDir, "home")
		env.Setenv("HOME", home)
		env.Setenv("USERPROFILE", home)
		env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, "run"))
		env.Setenv("NOW", "2026-01-02T15:04:05Z")
		// Only credential stores that a script creates are found, none of this machine.
		bin := filepath.Join(env.WorkDir, "bin")
		env.Setenv("PATH", bin+string(filepath.ListSeparator)+filepath.SplitList(env.Getenv("PATH"))[0])
		return errors.Join(os.MkdirAll(bin, 0o700), os.MkdirAll(home, 0o700))
	}})
}

func mode() {
	info, err := os.Stat(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(info.Mode())
}

// command is the program under test.
func command() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	r := Request{Env: environ.Process()}
	flags := flag.NewFlagSet("configure", flag.ExitOnError)
	flags.Func("registry", "", func(host string) error { r.Registries = append(r.Registries, host); return nil })
	flags.Func("cached", "", func(host string) error { r.Cached = append(r.Cached, host); return nil })
	flags.BoolVar(&r.All, "all", false, "")
	flags.BoolVar(&r.DryRun, "dry-run", false, "")
	flags.StringVar(&r.Profile, "profile", "", "")
	force := flags.Bool("force", false, "")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	now, err := time.Parse(time.RFC3339, os.Getenv("NOW"))
	if err != nil {
		return err
	}
	r.Out, r.Time = os.Stdout, now
	r.Timeout = 15 * time.Second
	var asked atomic.Int32
	all := make(chan struct{}) // closed after a call for each profile in TOGETHER
	r.Account = func(ctx context.Context, profile string, _ registry.Registry) (string, error) {
		switch {
		case slices.Contains(strings.Fields(os.Getenv("TOGETHER")), profile):
			if int(asked.Add(1)) == len(strings.Fields(os.Getenv("TOGETHER"))) {
				close(all)
			}
			select {
			case <-all:
				return "888888888888", nil
			case <-ctx.Done():
				return "", errors.New("the profiles are not looked up concurrently")
			}
		case profile == "hang":
			deadline, _ := ctx.Deadline()
			return "", fmt.Errorf("timed out after %s", time.Until(deadline).Round(time.Second))
		case profile == "keys", profile == "":
			return "999999999999", nil
		}
		return "", errors.New("access denied; check the keys")
	}
	if os.Getenv("TERMINAL") != "" {
		r.Progress = os.Stdout
	}
	switch args[0] {
	case "docker":
		return r.Docker()
	case "podman":
		p, err := FindPodman(r.Env)
		if err != nil {
			return err
		}
		machine := filepath.Join(os.Getenv("WORK"), "etc", "containers")
		p.findConf(r.Env, machine, filepath.Join(os.Getenv("HOME"), ".config", "containers"), os.Getenv("AS_ROOT") != "")
		return r.Podman(p)
	default:
		return Undo(r.Env, *force, os.Stdout)
	}
}
