package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ecrlogin/internal/awstest"
)

// A target is a file that ecr-token-refresh writes, with the password of one registry.
type target struct {
	path  string
	host  string // in a Docker configuration file; "" for a password file
	yaml  string // in the configuration
	token awstest.IssuedToken
}

// newTargets returns password files, and Docker configuration files with several registries.
func (d *daemon) newTargets() (all []target) {
	add := func(host, region, arn, file, extra string) {
		t := target{path: filepath.Join(d.output(), file), token: awstest.IssuedToken{Region: region, ARN: arn}}
		key := "passwordFile"
		if strings.HasSuffix(file, ".json") {
			key, t.host = "dockerConfig", host
		}
		t.yaml = fmt.Sprintf("- registry: %s\n  %s: %s\n%s", host, key, t.path, extra)
		all = append(all, t)
	}
	own := arnOf(awstest.Account)
	roleKey := "  roleArn: " + role + "\n"
	add(west, "us-west-2", own, "west", "")
	add(ireland, "eu-west-1", own, "ireland", "  mode: \"0640\"\n")
	add(other, "us-west-2", session, "other", roleKey)
	add(west, "us-west-2", own, "config.json", "")
	add(other, "us-west-2", session, "config.json", roleKey)
	add(ireland, "eu-west-1", own, "config.json", "")
	add(fips, "us-west-2", own, "fips.json", "")
	add(logins, "us-west-2", own, "sometimes", "")
	return all
}

// fileChecks counts what the files contained.
type fileChecks struct {
	mu                              sync.Mutex
	read, missing, expired, deleted int
}

func (c *fileChecks) print(out io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(out, "  files: read %d times; missing %d times (%.1f %%), because they were deleted %d times; "+
		"with an expired password because of AWS %d times (%.2f %%)\n",
		c.read, c.missing, percent(c.missing, c.read), c.deleted, c.expired, percent(c.expired, c.read))
}

// checkFiles reads all files and checks the passwords in them.
func (d *daemon) checkFiles() {
	for _, t := range d.targets {
		expired, err := t.check(d.cloud)
		d.files.mu.Lock()
		d.files.read++
		switch {
		case errors.Is(err, fs.ErrNotExist):
			d.files.missing++
		case err != nil:
			d.faults.add("%s: %s: %v", time.Now().Format(time.TimeOnly), filepath.Base(t.path), err)
		case expired:
			d.files.expired++
		}
		d.files.mu.Unlock()
	}
}

// check checks the password in the file: that of the right identity, and valid when it was written. It may have expired
// since then, if AWS failed.
func (t target) check(by issuer) (expired bool, err error) {
	info, err := os.Stat(t.path) // before the file is read, which may be newer
	if err != nil {
		return false, err
	}
	content, err := os.ReadFile(t.path)
	if err != nil {
		return false, err
	}
	password := string(content)
	if t.host != "" {
		if password, err = passwordIn(content, t.host); err != nil {
			return false, err
		}
		if password == "" { // only the other registries had a token when the file was created
			return false, fs.ErrNotExist
		}
	}
	issued, ok := by.Issued(password)
	switch {
	case !ok:
		return false, fmt.Errorf("AWS has not issued the password %.20q", password)
	case issued.Region != t.token.Region || !strings.HasPrefix(issued.ARN, t.token.ARN):
		return false, fmt.Errorf("a password of %q for %s", issued.ARN, issued.Region)
	case t.host == "" && !info.ModTime().Before(issued.Expires):
		return false, fmt.Errorf("written %s after the password had expired", info.ModTime().Sub(issued.Expires))
	}
	return !time.Now().Before(issued.Expires), nil
}

// passwordIn returns the password for a host in a Docker configuration file; "" if there is none.
func passwordIn(content []byte, host string) (string, error) {
	var config struct {
		Auths map[string]struct{ Auth string }
	}
	if err := json.Unmarshal(content, &config); err != nil {
		return "", err
	}
	login, err := base64.StdEncoding.DecodeString(config.Auths[host].Auth)
	_, password, _ := strings.Cut(string(login), ":")
	return password, err
}

// deleteFiles deletes some files or all, or the directory for a moment.
func (d *daemon) deleteFiles() {
	d.files.mu.Lock()
	d.files.deleted++
	d.files.mu.Unlock()
	if rand.IntN(3) == 0 {
		_ = os.RemoveAll(d.output())
		time.Sleep(rand.N(time.Second))
		if err := os.Mkdir(d.output(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			d.faults.add("%v", err)
		}
		return
	}
	for _, t := range d.targets {
		if rand.IntN(2) == 0 {
			_ = os.Remove(t.path)
		}
	}
}

// checkLeftovers looks for files that are not targets.
func (d *daemon) checkLeftovers() {
	known := map[string]bool{d.config(): true, d.kubeconfig(): true, d.output(): true, filepath.Join(d.dir, "tmp"): true}
	for _, t := range d.targets {
		known[t.path] = true
	}
	for _, dir := range []string{d.dir, d.output(), filepath.Join(d.dir, "tmp")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			d.faults.add("%v", err)
		}
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); !known[path] {
				d.faults.add("ecr-token-refresh left %s", path)
			}
		}
	}
}
