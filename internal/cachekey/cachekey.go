// Package cachekey computes the key of a cached token from everything that determines the token's AWS identity:
// environment variables, the AWS files, the user's configuration, the programs of credential_process settings, and the
// claims in token files.
//
// It needs neither the AWS SDK nor the network. Like package store, it imports little, because the fast path uses it.
package cachekey

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"strings"

	"ecrlogin/internal/configpath"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/store"
)

// Inputs are the inputs of a key.
type Inputs struct {
	// Own is the user's configuration file, and OwnErr reports why it cannot be read. Both are set even if Read returns
	// another error.
	Own    configpath.File
	OwnErr error

	// Skipped contains the paths of files in the user's home or configuration directory that are treated as missing,
	// because this process may not search the directories above them. They are not part of the key.
	Skipped []string

	variables []string // "NAME=value", sorted
	programs  []string // identify the programs of credential_process settings; see stampPrograms
	tokens    []string // identify the tokens in token files; see readTokens
	files     []file   // the AWS configuration, the AWS credentials, the user's configuration

	env      environ.Env
	flag     string
	patterns []string // names of additional variables, or prefixes followed by "*"
	tools    bool     // whether there is a credential_process setting
	identity *string  // see WithIdentity; nil if it was not called

	stamps stamps // see Take; nil if later changes cannot be detected
}

// A file is the content of a file. A missing file differs from an empty one.
type file struct {
	exists  bool
	content []byte
}

// Read reads the inputs of this process; flag is that of configpath.Read. If a profile in the AWS files has a
// credential_process setting, the inputs include its programs, the variables that it contains, and the variables of
// common credential tools. A file that cannot be read is an error, because its effect on the identity is unknown. The
// exception is a file in another user's home directory, which the AWS SDK skips too. Of files with a web identity token
// or a token for EKS Pod Identity, the inputs include the claims that select the identity.
func Read(env environ.Env, flag string) (Inputs, error) {
	own, err := configpath.Read(env, flag)
	if err != nil {
		return Inputs{Own: own, OwnErr: err, env: env, flag: flag}, err
	}
	in, err := ReadFor(env, own)
	in.flag = flag
	return in, err
}

// ReadFor is like Read for a caller that has read the user's configuration.
func ReadFor(env environ.Env, own configpath.File) (Inputs, error) {
	in := Inputs{env: env, Own: own}
	for _, f := range awsFiles {
		path := f.path(env)
		file, err := readFile(path)
		switch {
		case errors.Is(err, errSearch) && env.Get(f.variable) == "":
			in.Skipped = append(in.Skipped, path)
		case err != nil:
			return in, err
		}
		in.files = append(in.files, file)
	}
	found := readSettings(in.files[0].content)
	found.add(readSettings(in.files[1].content))
	commands := found.commands
	in.programs, in.tools = stampPrograms(env, commands), len(commands) > 0
	tokens, err := readTokens(env, found.tokenFiles)
	if err != nil {
		return in, err
	}
	in.tokens = tokens
	in = in.With(mentioned(commands))
	if in.Own.Skipped != "" {
		in.Skipped = append(in.Skipped, in.Own.Skipped)
	}
	in.files = append(in.files, file{exists: in.Own.Path != "", content: in.Own.Content})
	return in, nil
}

// steering are the variables whose names begin with AWS_ but which do not affect the identity.
var steering = []string{"AWS_ECR_CACHE_DIR", "AWS_ECR_DISABLE_CACHE", "AWS_ECR_IGNORE_CREDS_STORAGE"}

// With returns inputs that also include the given variables: their names, or prefixes of names followed by "*".
func (in Inputs) With(patterns []string) Inputs {
	in.patterns = slices.Concat(in.patterns, patterns)
	in.variables = nil
	for _, v := range in.env {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case slices.Contains(steering, name):
		case strings.HasPrefix(name, "AWS_"), name == "HOME", in.tools && isToolVariable(name),
			slices.ContainsFunc(in.patterns, func(pattern string) bool { return matches(pattern, name) }):
			in.variables = append(in.variables, v)
		}
	}
	slices.Sort(in.variables)
	return in
}

// WithIdentity returns the inputs of a Source that uses the given identity instead of the user's configuration; "" if
// only the environment and the AWS files determine the identity.
func (in Inputs) WithIdentity(identity string) Inputs {
	in.identity = &identity
	replacement := file{}
	if identity != "" { // the line break and NUL distinguish it from a valid configuration
		replacement = file{exists: true, content: []byte("identity\n\x00" + identity)}
	}
	in.files = append(slices.Clone(in.files[:len(in.files)-1]), replacement)
	return in
}

// matches reports whether a pattern of With matches the name of a variable.
func matches(pattern, name string) bool {
	prefix, ok := strings.CutSuffix(pattern, "*")
	if ok {
		name = name[:min(len(name), len(prefix))]
	}
	return name == prefix || runtime.GOOS == "windows" && strings.EqualFold(name, prefix)
}

// Key returns the key. It is a SHA-256 hash and does not reveal the inputs.
func (in Inputs) Key() store.Key { return sha256.Sum256(in.encode()) }

// encode encodes the inputs so that different inputs have different encodings: each list is preceded by its number of
// elements, and each element by its length.
func (in Inputs) encode() []byte {
	size := 4 << 10
	for _, f := range in.files {
		size += len(f.content)
	}
	b := append(make([]byte, 0, size), "ecr-login identity 3\n"...)
	for _, list := range [][]string{in.variables, in.programs, in.tokens} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(list)))
		for _, v := range list {
			b = binary.BigEndian.AppendUint64(b, uint64(len(v)))
			b = append(b, v...)
		}
	}
	b = binary.BigEndian.AppendUint64(b, uint64(len(in.files)))
	for _, f := range in.files {
		exists := byte(0)
		if f.exists {
			exists = 1
		}
		b = append(b, exists)
		b = binary.BigEndian.AppendUint64(b, uint64(len(f.content)))
		b = append(b, f.content...)
	}
	return b
}
