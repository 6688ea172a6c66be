package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// decodeInputs reads what encode wrote. That it can is the proof that no two different inputs give the same bytes.
func decodeInputs(b []byte) (in Inputs, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("too short")
		}
	}()
	number := func() uint64 { n := binary.BigEndian.Uint64(b); b = b[8:]; return n }
	part := func() []byte { n := number(); p := b[:n]; b = b[n:]; return p }
	b = b[len("ecr-login identity 2\n"):]
	for range number() {
		in.Environ = append(in.Environ, string(part()))
	}
	for range number() {
		in.Programs = append(in.Programs, string(part()))
	}
	for range number() {
		exists := b[0] == 1
		b = b[1:]
		in.Files = append(in.Files, File{Exists: exists, Content: part()})
	}
	if len(b) != 0 {
		return in, errors.New("too long")
	}
	return in, nil
}

func FuzzKey(f *testing.F) {
	f.Add("AWS_PROFILE=dev", "HOME=/root", true, []byte("[default]\n"), false, []byte(""))
	f.Add("AWS_A=1AWS_B=2", "", false, []byte(nil), true, []byte("x"))
	f.Fuzz(func(t *testing.T, first, second string, configured bool, config []byte, keyed bool, keys []byte) {
		in := Inputs{Environ: []string{first, second}, Files: []File{{configured, config}, {keyed, keys}}, Programs: []string{second}}
		encoded := in.encode()
		out, err := decodeInputs(encoded)
		if err != nil || !reflect.DeepEqual(normal(in), normal(out)) {
			t.Errorf("%+v became %+v (%v)", in, out, err)
		}
		for name, other := range map[string]Inputs{
			"one variable fewer":   {Environ: []string{first}, Files: in.Files, Programs: in.Programs},
			"variables as one":     {Environ: []string{first + second}, Files: in.Files, Programs: in.Programs},
			"program for variable": {Environ: []string{first}, Files: in.Files, Programs: []string{second, second}},
			"files exchanged":      {Environ: in.Environ, Files: []File{{keyed, keys}, {configured, config}}, Programs: in.Programs},
		} {
			same := reflect.DeepEqual(normal(in), normal(other))
			if bytes.Equal(encoded, other.encode()) != same {
				t.Errorf("%s: equal bytes %v, equal inputs %v", name, !same, same)
			}
		}
	})
}

// normal makes empty and nil contents the same, as they are in a file.
func normal(in Inputs) Inputs {
	files := make([]File, len(in.Files))
	for i, f := range in.Files {
		files[i] = File{f.Exists, append([]byte{}, f.Content...)}
	}
	return Inputs{Environ: append([]string{}, in.Environ...), Files: files, Programs: append([]string{}, in.Programs...)}
}

// What decides the identity is part of it, what only steers this program is not.
func TestGather(t *testing.T) {
	home := t.TempDir()
	gather := func() Key {
		t.Helper()
		in, err := Gather("")
		if err != nil {
			t.Fatal(err)
		}
		return in.Key()
	}
	t.Setenv("HOME", home)
	t.Setenv("AWS_CONFIG_FILE", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	t.Setenv("AWS_PROFILE", "dev")
	first := gather()
	for _, v := range []string{"AWS_ECR_CACHE_DIR", "AWS_ECR_DISABLE_CACHE", "AWS_ECR_IGNORE_CREDS_STORAGE", "ECR_LOGIN_TIMEOUT", "TERM"} {
		t.Setenv(v, "other")
		if gather() != first {
			t.Errorf("%s changes the identity", v)
		}
	}
	seen := map[Key]string{first: "nothing"}
	differs := func(what string) {
		t.Helper()
		id := gather()
		if before, ok := seen[id]; ok {
			t.Errorf("%s and %s give the same identity", what, before)
		}
		seen[id] = what
	}
	for _, v := range []string{"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(v, "other")
		differs(v)
	}
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(home, ".aws/config"), "")
	differs("an empty config file")
	write(filepath.Join(home, ".aws/config"), "[profile dev]\nrole_arn = a\n")
	differs("a role")
	write(filepath.Join(home, ".aws/config"), "[profile dev]\nrole_arn = a\nexternal_id = 1\n")
	differs("an external id")
	write(filepath.Join(home, ".aws/credentials"), "[dev]\n")
	differs("a credentials file")
	write(filepath.Join(home, "elsewhere"), "[dev]\n")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "elsewhere"))
	differs("a credentials file elsewhere")
}

// An AWS file that cannot be read makes the identity unknown; it must not hang either.
func TestGatherFails(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, path := range []string{t.TempDir(), "/dev/zero"} {
		t.Setenv("AWS_CONFIG_FILE", path)
		if in, err := Gather(""); err == nil {
			t.Errorf("with %s: %d variables, %d files and no error", path, len(in.Environ), len(in.Files))
		}
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null/config")
	if _, err := Gather(""); err != nil {
		t.Errorf("a file below what is no folder is not there: %v", err)
	}
}
