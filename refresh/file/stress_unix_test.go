//go:build unix

package file_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/refresh"
	"ecrlogin/refresh/file"
)

// password returns a password of the length of a real one, which contains its number and a checksum.
func password(n uint64) string {
	text := fmt.Sprintf("%020d", n) + strings.Repeat("x", 2000+int(n%100))
	return fmt.Sprintf("%s%08x", text, crc32.ChecksumIEEE([]byte(text)))
}

// number returns the number of a complete password.
func number(password string) (n uint64, err error) {
	if _, err := fmt.Sscanf(password, "%020d", &n); err != nil {
		return 0, fmt.Errorf("%d bytes: %w", len(password), err)
	}
	text := password[:max(0, len(password)-8)]
	if fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) != password[len(text):] {
		return 0, fmt.Errorf("incomplete: %d bytes", len(password))
	}
	return n, nil
}

// passwordIn returns the number of the password in a file.
func passwordIn(path string, docker bool) (n uint64, err error) {
	if docker {
		_, secret, err := (&dockerconfig.Auths{Path: path}).Get(host)
		if err != nil {
			return 0, err
		}
		return number(secret)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return number(string(content))
}

// rotations is how many passwords a reader sees at least.
const rotations = 50

// read opens a file j.Opens times or more. State is a file with the number of the last password whose Apply has
// returned. The reader fails if a password is incomplete, or older than that: such a password could have expired.
func read(j job) error {
	state, err := os.Open(j.State)
	if err != nil {
		return err
	}
	seen := map[uint64]bool{}
	for n := 0; n < j.Opens || len(seen) < rotations; n++ {
		var b [8]byte
		if _, err := state.ReadAt(b[:], 0); err != nil {
			return err
		}
		got, err := passwordIn(j.Options.Path, j.Docker)
		if oldest := binary.NativeEndian.Uint64(b[:]); err == nil && got < oldest {
			err = fmt.Errorf("password %d after %d was written", got, oldest)
		}
		if err != nil {
			return fmt.Errorf("open %d, after %d passwords: %w", n, len(seen), err)
		}
		seen[got] = true
	}
	fmt.Printf("user %d opened the file %d times and read %d passwords\n", os.Getuid(), j.Opens, len(seen))
	return nil
}

// TestReader checks that a reader in another process, which runs as another user, always reads a complete and current
// password.
func TestReader(t *testing.T) {
	program := executable(t)
	for name, j := range map[string]job{
		"legacy": {Opens: 100_000, Options: file.Options{Legacy: true}},
		"docker": {Opens: 2_000, Options: file.Options{Owner: "10111"}, Docker: true},
		"owner":  {Opens: 10_000, Options: file.Options{Owner: "10111"}},
		"group":  {Opens: 10_000, Options: file.Options{Group: "10111", Mode: modePtr(0o440)}},
	} {
		t.Run(name, func(t *testing.T) {
			if os.Geteuid() != 0 {
				t.Log("not root, so that the reader is the same user")
				j.Options = file.Options{}
			}
			t.Parallel()
			dir := shared(t, os.Geteuid(), os.Getegid(), 0o755)
			j.Do, j.Options.Path, j.State = "read", filepath.Join(dir, "pass"), filepath.Join(filepath.Dir(dir), "state")
			target, err := j.target()
			must(t, err)
			state, err := os.Create(j.State)
			must(t, err)
			defer state.Close()
			rotate := func(n uint64) {
				mustApply(t, target, password(n))
				_, err := state.WriteAt(binary.NativeEndian.AppendUint64(nil, n), 0)
				must(t, err)
			}
			rotate(1)
			reader := make(chan string)
			cmd := j.command(t, program, clouddriver)
			go func() { reader <- run(cmd) }()
			for n := uint64(2); ; n++ {
				select {
				case out := <-reader:
					if t.Log(out); !cmd.ProcessState.Success() {
						t.Fail()
					}
					return
				default:
					rotate(n)
				}
			}
		})
	}
}

// loop writes new passwords until it is killed. It prints a line after the first.
func loop(j job) error {
	target, err := j.target()
	if err != nil {
		return err
	}
	last, err := passwordIn(j.Options.Path, j.Docker)
	if err != nil && !errors.Is(err, os.ErrNotExist) && !j.Docker {
		return err
	}
	for n := last + 1; ; n++ {
		c := credential(target.Logins()[0], password(n))
		if err := target.Apply(context.Background(), []refresh.Credential{c}); err != nil {
			return err
		}
		if n == last+1 {
			fmt.Println("started")
		}
	}
}

// TestKill checks that a process that is killed while it writes leaves a complete file, and that the next Apply removes
// its temporary file, which only the owner can read.
func TestKill(t *testing.T) {
	for name, docker := range map[string]bool{"password": false, "Docker configuration": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if docker {
				write(t, path, `{"x": 1}`, 0o600)
			}
			j := job{Do: "loop", Options: file.Options{Path: path}, Docker: docker, Password: password(0)}
			left := 0
			var last uint64
			const kills = 50
			for range kills {
				killed(t, j)
				n, err := passwordIn(path, docker)
				if err != nil || n <= last {
					t.Fatalf("password %d after %d, %v", n, last, err)
				}
				last = n
				left += leftovers(t, dir)
				target, err := j.target()
				must(t, err)
				if left%2 == 0 { // also if the content stays the same
					last++
				}
				mustApply(t, target, password(last))
				only(t, dir, "file")
			}
			t.Logf("%d of %d killed processes left a temporary file, and wrote %d passwords", left, kills, last)
			if left == 0 {
				t.Error("no process was killed while it wrote")
			}
			content, err := os.ReadFile(path)
			if docker && (err != nil || !json.Valid(content) || !strings.HasPrefix(string(content), `{"x": 1, `)) {
				t.Errorf("%s, %v", content, err)
			}
		})
	}
}

// killed starts a process and kills it at a random moment while it writes.
func killed(t *testing.T, j job) {
	t.Helper()
	cmd := j.command(t, os.Args[0], uint32(os.Getuid()))
	out, err := cmd.StdoutPipe()
	must(t, err, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	time.Sleep(rand.N(3 * time.Millisecond))
	must(t, cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	if err != nil || line != "started\n" {
		t.Fatalf("%s, %v", line, err)
	}
}

// leftovers returns how many temporary files there are, and checks that only their owner can read them.
func leftovers(t *testing.T, dir string) (n int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		if e.Name() == "file" {
			continue
		}
		n++
		if mode := stat(t, filepath.Join(dir, e.Name())).Mode(); mode != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), mode)
		}
	}
	return n
}
