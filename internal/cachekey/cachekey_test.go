package cachekey

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/store"
)

// decodeInputs decodes inputs. Because it can, different inputs have different encodings.
func decodeInputs(b []byte) (in Inputs, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("too short")
		}
	}()
	number := func() uint64 { n := binary.BigEndian.Uint64(b); b = b[8:]; return n }
	part := func() []byte { n := number(); p := b[:n]; b = b[n:]; return p }
	b = b[len("ecr-login identity 3\n"):]
	for range number() {
		in.variables = append(in.variables, string(part()))
	}
	for range number() {
		in.programs = append(in.programs, string(part()))
	}
	for range number() {
		in.tokens = append(in.tokens, string(part()))
	}
	for range number() {
		exists := b[0] == 1
		b = b[1:]
		in.files = append(in.files, file{exists: exists, content: part()})
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
		in := Inputs{variables: []string{first, second}, files: []file{{configured, config}, {keyed, keys}}, programs: []string{second}, tokens: []string{first}}
		encoded := in.encode()
		out, err := decodeInputs(encoded)
		if err != nil || !reflect.DeepEqual(normal(in), normal(out)) {
			t.Errorf("%+v was decoded as %+v (%v)", in, out, err)
		}
		for name, other := range map[string]Inputs{
			"one variable fewer":   {variables: []string{first}, files: in.files, programs: in.programs, tokens: in.tokens},
			"variables as one":     {variables: []string{first + second}, files: in.files, programs: in.programs, tokens: in.tokens},
			"program for variable": {variables: []string{first}, files: in.files, programs: []string{second, second}, tokens: in.tokens},
			"token for program":    {variables: in.variables, files: in.files, tokens: []string{second, first}},
			"files exchanged":      {variables: in.variables, files: []file{{keyed, keys}, {configured, config}}, programs: in.programs, tokens: in.tokens},
		} {
			same := reflect.DeepEqual(normal(in), normal(other))
			if bytes.Equal(encoded, other.encode()) != same {
				t.Errorf("%s: equal bytes %v, equal inputs %v", name, !same, same)
			}
		}
	})
}

// normal returns a copy of the inputs with empty instead of nil slices.
func normal(in Inputs) Inputs {
	files := make([]file, len(in.files))
	for i, f := range in.files {
		files[i] = file{f.exists, append([]byte{}, f.content...)}
	}
	return Inputs{
		variables: append([]string{}, in.variables...), files: files, programs: append([]string{}, in.programs...),
		tokens: append([]string{}, in.tokens...),
	}
}

// The key depends on all variables and files that affect the identity, and on no others.
func TestKey(t *testing.T) {
	home := t.TempDir()
	env := environ.Env{"HOME=" + home, "AWS_PROFILE=dev"}
	key := func() store.Key {
		t.Helper()
		in, err := Read(env, "")
		if err != nil {
			t.Fatal(err)
		}
		return in.Key()
	}
	first := key()
	for _, v := range []string{"AWS_ECR_CACHE_DIR", "AWS_ECR_DISABLE_CACHE", "AWS_ECR_IGNORE_CREDS_STORAGE", "ECR_LOGIN_TIMEOUT", "TERM"} {
		env = append(env, v+"=other")
		if key() != first {
			t.Errorf("%s changes the key", v)
		}
	}
	seen := map[store.Key]string{first: "nothing"}
	differs := func(what string) {
		t.Helper()
		k := key()
		if before, ok := seen[k]; ok {
			t.Errorf("%s and %s have the same key", what, before)
		}
		seen[k] = what
	}
	env[1] = "AWS_PROFILE=other"
	differs("another profile")
	for _, v := range []string{"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		env = append(env, v+"=other")
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
	differs("an external ID")
	write(filepath.Join(home, ".aws/credentials"), "[dev]\n")
	differs("a credentials file")
	write(filepath.Join(home, "elsewhere"), "[dev]\n")
	env = append(env, "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(home, "elsewhere"))
	differs("a credentials file with another path")
}

// An AWS file that cannot be read is an error, because the identity is unknown. Read does not wait for such a file.
func TestReadFails(t *testing.T) {
	home := "HOME=" + t.TempDir()
	for _, path := range []string{t.TempDir(), "/dev/zero"} {
		if in, err := Read(environ.Env{home, "AWS_CONFIG_FILE=" + path}, ""); err == nil {
			t.Errorf("with %s: %d variables, %d files, no error", path, len(in.variables), len(in.files))
		}
	}
	if _, err := Read(environ.Env{home, "AWS_CONFIG_FILE=/dev/null/config"}, ""); err != nil {
		t.Errorf("a file below a file is not treated as missing: %v", err)
	}
}
