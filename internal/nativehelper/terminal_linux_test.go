package nativehelper_test

import (
	"os"
	"strings"
	"testing"

	"ecrlogin/internal/ptytest"
)

// At a terminal, a helper can prompt for a passphrase, and Ctrl-C stops the helper too.
func TestAtATerminal(t *testing.T) {
	doNotIgnore(t, os.Interrupt)
	for name, tt := range map[string]struct{ typed, out string }{
		"a pass phrase": {"open sesame\n", `{"Username":"ann","Secret":"open sesame"}` + "\n"},
		"Ctrl-C":        {"\x03", ""},
	} {
		t.Run(name, func(t *testing.T) {
			install(t, "foo", `echo 'pass phrase?' >/dev/tty; read -r typed </dev/tty; echo "{\"Username\":\"ann\",\"Secret\":\"$typed\"}"`)
			screen, tty := ptytest.Open(t)
			cmd := daemon(t, "foo", "get", host)
			ptytest.Control(cmd, tty)
			errOut := hold(t)
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, errOut.hold
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ptytest.WaitFor(t, screen, "pass phrase?", patience)
			if _, err := screen.WriteString(tt.typed); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // Ctrl-C makes it fail
			if text := errOut.text(); text != "" || out.String() != tt.out {
				t.Errorf("stdout %q, stderr %q", out.String(), text)
			}
		})
	}
}
