package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCredentialsOfAnotherUser checks that the error names a credentials file that belongs to another user, and the
// reason, for each way to select a profile.
func TestCredentialsOfAnotherUser(t *testing.T) {
	u := newOtherUser(t)
	file := filepath.Join(u.home, ".aws", "credentials")
	err := errors.Join(os.Chmod(u.home, 0o755), os.Chmod(filepath.Dir(file), 0o755), os.Chmod(filepath.Join(u.home, ".aws", "config"), 0o644),
		os.WriteFile(file, []byte("[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = hunter2\n"), 0o600), os.Chmod(file, 0))
	if err != nil {
		t.Fatal(err)
	}
	const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	for name, profile := range map[string]string{"default": "", "dev": "dev"} {
		env := []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_EC2_METADATA_DISABLED=true", "AWS_PROFILE=" + profile}
		want := host + `: profile "` + name + `": ` + file + " cannot be read: permission denied; check the permissions of the file and of the directories above it\n"
		exit, stdout, stderr := u.get(t, host, env...)
		if exit != 1 || stdout != want || !strings.HasSuffix(stderr, want) {
			t.Errorf("get: exit code %d, stdout\n%s, stderr\n%s, want\n%s", exit, stdout, stderr, want)
		}
	}
	env := []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_EC2_METADATA_DISABLED=true"}
	if exit, stdout, stderr := u.get(t, "public.ecr.aws", env...); exit != 1 || stdout != "credentials not found in native keychain\n" {
		t.Errorf("get of a public registry: exit code %d, stdout %s, stderr %s", exit, stdout, stderr)
	}
}

// TestNoCredentialsInAHomeThatCannotBeSearched checks that the error reports a home directory that cannot be searched.
// A profile that a variable names must exist.
func TestNoCredentialsInAHomeThatCannotBeSearched(t *testing.T) {
	u := newOtherUser(t)
	const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	env := []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_EC2_METADATA_DISABLED=true"}
	want := host + `: no AWS credentials found: not in the environment, not in profile "default" of ` + u.home + "/.aws/config or " + u.home + "/.aws/credentials " +
		"(in a directory that this user cannot access), no container credentials endpoint, and "
	if exit, stdout, _ := u.get(t, host, env...); exit != 1 || !strings.HasPrefix(stdout, want) {
		t.Errorf("exit code %d, stdout\n%s, want\n%s", exit, stdout, want)
	}
	want = host + `: profile "dev": ` + u.home + "/.aws/config cannot be read: permission denied; check the permissions of the file and of the directories above it\n"
	if exit, stdout, _ := u.get(t, host, append(env, "AWS_PROFILE=dev")...); exit != 1 || stdout != want {
		t.Errorf("exit code %d, stdout\n%s, want\n%s", exit, stdout, want)
	}
}
