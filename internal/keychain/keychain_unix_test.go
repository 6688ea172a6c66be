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

// script is a credential helper that runs the test binary and appends its action to $DIR/runs. With GORACE, the race
// detector does not wait a second at the end.
const script = `echo "$1" >>"$DIR/runs"; GORACE=atexit_sleep_ms=0 KEYCHAIN_TEST_DIR="$DIR/kept" exec "$TEST_BINARY" "$@"`

func TestMain(m *testing.M) {
	if dir := os.Getenv("KEYCHAIN_TEST_DIR"); dir != "" {
		if err := helper.HandleCommand(directory(dir), os.Args[1], os.Stdin, os.Stdout); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A directory is a credential store that stores each password in a file.
type directory string

func (d directory) path(serverURL string) string {
	return filepath.Join(string(d), url.PathEscape(serverURL))
}

func (d directory) Add(c *helper.Credentials) error {
	return os.WriteFile(d.path(c.ServerURL), []byte(c.Secret), 0o600)
}

func (d directory) Get(serverURL string) (username, secret string, err error) {
	b, err := os.ReadFile(d.path(serverURL))
	if err != nil {
		return "", "", helper.NewErrCredentialsNotFound()
	}
	return "AWS", string(b), nil
}

func (d directory) Delete(serverURL string) error {
	if os.Remove(d.path(serverURL)) != nil {
		return helper.NewErrCredentialsNotFound()
	}
	return nil
}

func (d directory) List() (map[string]string, error) {
	files, err := os.ReadDir(string(d))
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
