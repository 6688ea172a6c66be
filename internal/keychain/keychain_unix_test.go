//go:build unix

package keychain_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// script is a credential store as a shell script: it runs the test binary as one, without the second that the race detector waits
// at its end. Each run adds its action to $DIR/runs.
const script = `echo "$1" >>"$DIR/runs"; GORACE=atexit_sleep_ms=0 KEYCHAIN_TEST_DIR="$DIR/kept" exec "$TEST_BINARY" "$@"`

func TestMain(m *testing.M) {
	if dir := os.Getenv("KEYCHAIN_TEST_DIR"); dir != "" {
		if err := helper.HandleCommand(folder(dir), os.Args[1], os.Stdin, os.Stdout); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A folder keeps passwords, each in a file by the name of its server.
type folder string

func (f folder) path(serverURL string) string {
	return filepath.Join(string(f), url.PathEscape(serverURL))
}

func (f folder) Add(c *helper.Credentials) error {
	return os.WriteFile(f.path(c.ServerURL), []byte(c.Secret), 0o600)
}

func (f folder) Get(serverURL string) (username, secret string, err error) {
	b, err := os.ReadFile(f.path(serverURL))
	if err != nil {
		return "", "", helper.NewErrCredentialsNotFound()
	}
	return "AWS", string(b), nil
}

func (f folder) Delete(serverURL string) error {
	if os.Remove(f.path(serverURL)) != nil {
		return helper.NewErrCredentialsNotFound()
	}
	return nil
}

func (f folder) List() (map[string]string, error) {
	files, err := os.ReadDir(string(f))
	servers := map[string]string{}
	for _, file := range files {
		name, err := url.PathUnescape(file.Name())
		if err != nil {
			return nil, err
		}
		servers[name] = "AWS"
	}
	return servers, err
}
