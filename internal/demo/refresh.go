package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// refresh runs ecr-token-refresh, which writes a password file for software that cannot run a helper. The registry
// accepts the password, and the next one, which is written before the first one expires.
func (s *show) refresh() error {
	file := filepath.Join(s.dir, "my-registry.pass")
	yaml := fmt.Sprintf(`
      interval: 30m
      registries:
        - registryId: "123456789012"
          region: us-west-2
          passwordFile: %s
`, file)
	config := filepath.Join(s.dir, "config.yaml")
	if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\n   (the next steps run ecr-token-refresh with this config.yaml)\n%s", yaml)
	daemon := exec.Command(s.refresher, "--config", config, "--listen", "off")
	if err := daemon.Start(); err != nil {
		return err
	}
	defer func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait() // an error, because it was killed
	}()
	var first string
	err := s.step("use the password in my-registry.pass", "", 1, func() (err error) {
		first, err = s.awaitPassword(file, "")
		return err
	})
	if err != nil {
		return err
	}
	return s.step("use the password that replaces it before it expires", "", 1, func() error {
		_, err := s.awaitPassword(file, first)
		return err
	})
}

// awaitPassword waits until a file contains another password than the previous one, and uses it to request the
// registry.
func (s *show) awaitPassword(file, previous string) (password string, err error) {
	deadline := time.Now().Add(30 * time.Second)
	for password == "" || password == previous {
		time.Sleep(5 * time.Millisecond)
		content, err := os.ReadFile(file)
		if time.Now().After(deadline) {
			return "", errors.Join(errors.New("ecr-token-refresh has written no password"), err)
		}
		password = string(content)
	}
	r, err := http.NewRequest(http.MethodGet, "https://"+hosts[0]+"/v2/", nil)
	if err != nil {
		return "", err
	}
	r.SetBasicAuth("AWS", password)
	resp, err := s.cloud.Client().Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the registry returned %s", resp.Status)
	}
	return password, nil
}
