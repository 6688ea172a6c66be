package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"ecrlogin/internal/configpath"
)

// A Key stands for everything that decides which AWS identity a token would be asked for as: equal inputs have
// equal Identities, and different inputs have different ones. It is a SHA-256 and gives nothing of its inputs away.
type Key [sha256.Size]byte

// Login is no hash and stands for no AWS identity, but for whatever docker login was given. A token of it is its host's,
// for every identity.
var Login Key

// String returns the identity as 64 hexadecimal digits.
func (id Key) String() string { return hex.EncodeToString(id[:]) }

// Inputs are what an Identity is made of. None of it needs the AWS SDK or the network to read.
type Inputs struct {
	Environ  []string // NAME=VALUE, sorted: HOME, what begins with AWS_ except what only steers this program, and see Gather
	Files    []File   // the AWS configuration, the AWS credentials and the user's configuration of this program, in this order
	Programs []string // what changes when a program that a credential_process setting names is replaced

	// Skipped are the paths of those in the user's home or configuration directory that count as missing, because this
	// process may not search the directories above them. They are no part of the Identity.
	Skipped []string

	patterns []string // of the variables that credential_process settings mention
	tools    bool     // whether there is such a setting
}

// Config returns the bytes of the user's configuration of this program; none if there is no such file.
func (in Inputs) Config() []byte { return in.Files[len(in.Files)-1].Content }

// A File is what one of the files held. A file that is not there differs from an empty one.
type File struct {
	Exists  bool
	Content []byte
}

// steering are the variables which begin with AWS_ and say nothing of an identity.
var steering = []string{"AWS_ECR_CACHE_DIR=", "AWS_ECR_DISABLE_CACHE=", "AWS_ECR_IGNORE_CREDS_STORAGE="}

// maxFile bounds what is read of an AWS file, in bytes. Those of companies with hundreds of accounts have some hundred
// thousand.
const maxFile = 16 << 20

// Gather reads the inputs of this process. A file that cannot be read is an error, because its effect on the identity
// is unknown. The exception is a file in another user's home directory, which the AWS SDK skips too. The flag is that of
// configpath.Read. The variables are additional names to cover, or prefixes of names followed by "*". If any profile in
// the AWS files has a credential_process setting, its programs, the variables that it mentions and those of common
// credential tools are covered too.
func Gather(flag string, variables ...string) (Inputs, error) {
	var in Inputs
	for _, f := range awsFiles {
		path := awsFile(f.variable, f.name)
		file, err := readFile(path)
		switch {
		case errors.Is(err, errSearch) && os.Getenv(f.variable) == "":
			in.Skipped = append(in.Skipped, path)
		case err != nil:
			return Inputs{}, err
		}
		in.Files = append(in.Files, file)
	}
	commands := slices.Concat(commandLines(in.Files[0].Content), commandLines(in.Files[1].Content))
	in.Programs, in.patterns, in.tools = stampPrograms(commands), mentioned(commands), len(commands) > 0
	in.cover(variables)
	own, err := configpath.Read(flag)
	if err != nil {
		return Inputs{}, err
	}
	if own.Skipped != "" {
		in.Skipped = append(in.Skipped, own.Skipped)
	}
	in.Files = append(in.Files, File{Exists: own.Path != "", Content: own.Content})
	return in, nil
}

// cover adds variables to the inputs, as Gather takes them.
func (in *Inputs) cover(variables []string) {
	in.patterns = slices.Concat(in.patterns, variables)
	in.Environ = environ(in.patterns, in.tools)
}

// environ returns the variables that are part of the inputs: those that always are, those that patterns name, and those of the usual
// tools if one may be run.
func environ(patterns []string, tools bool) (all []string) {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case slices.ContainsFunc(steering, func(s string) bool { return strings.HasPrefix(v, s) }):
		case strings.HasPrefix(name, "AWS_"), name == "HOME", tools && isToolVariable(name),
			slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, name) }):
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return all
}

// matches reports whether a pattern, which is a name or a prefix followed by "*", matches the name of a variable.
func matches(pattern, name string) bool {
	prefix, ok := strings.CutSuffix(pattern, "*")
	if ok {
		name = name[:min(len(name), len(prefix))]
	}
	return name == prefix || runtime.GOOS == "windows" && strings.EqualFold(name, prefix)
}

// awsFiles are the variables that name the AWS files, and their names below ~/.aws.
var awsFiles = []struct{ variable, name string }{{"AWS_CONFIG_FILE", "config"}, {"AWS_SHARED_CREDENTIALS_FILE", "credentials"}}

// awsFile returns where the AWS SDK reads a file. Without a HOME the SDK asks for the user's home folder, so that must be
// done here too.
func awsFile(variable, name string) string {
	if path := os.Getenv(variable); path != "" {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = accountHome()
	}
	return home + "/.aws/" + name
}

// ErrTooLarge is wrapped by the error for an AWS file that is not read, because reading it for each get would take too long.
var ErrTooLarge = errors.New("is too large")

// errSearch is wrapped by the error for a file above which this process may not search a directory.
var errSearch = errors.New("cannot be looked for")

// readFile looks before it opens: a named pipe whose reader goes away again ends its writer, and the SDK is to read it.
func readFile(path string) (File, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, notFolder) {
		return File{}, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return File{}, fmt.Errorf("%w: %w", errSearch, err)
	}
	if err != nil {
		return File{}, err
	}
	if !info.Mode().IsRegular() {
		return File{}, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	if info.Size() > maxFile {
		return File{}, fmt.Errorf("%s %w: it has %d bytes, and the limit is %d", path, ErrTooLarge, info.Size(), maxFile)
	}
	content, err := os.ReadFile(path)
	return File{Exists: err == nil, Content: content}, err
}

// Key returns the key of the inputs.
func (in Inputs) Key() Key {
	return sha256.Sum256(in.encode())
}

// encode writes the inputs so that no two different ones give the same bytes: every part comes behind its length, and
// every list behind its count.
func (in Inputs) encode() []byte {
	size := 64
	for _, v := range in.Environ {
		size += len(v) + 8
	}
	for _, f := range in.Files {
		size += len(f.Content) + 9
	}
	for _, p := range in.Programs {
		size += len(p) + 8
	}
	b := append(make([]byte, 0, size), "ecr-login identity 2\n"...)
	for _, list := range [][]string{in.Environ, in.Programs} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(list)))
		for _, v := range list {
			b = binary.BigEndian.AppendUint64(b, uint64(len(v)))
			b = append(b, v...)
		}
	}
	b = binary.BigEndian.AppendUint64(b, uint64(len(in.Files)))
	for _, f := range in.Files {
		exists := byte(0)
		if f.Exists {
			exists = 1
		}
		b = append(b, exists)
		b = binary.BigEndian.AppendUint64(b, uint64(len(f.Content)))
		b = append(b, f.Content...)
	}
	return b
}
