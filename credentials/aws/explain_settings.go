package aws

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// A settingsError reports that the SDK could not load the AWS configuration.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

// explainSettings handles an invalid value of a variable or of a key in the AWS files.
func explainSettings(t *try, err error) (cause, next string) {
	switch {
	case !is[settingsError](err):
		return "", ""
	case t.env.WebIdentityTokenFilePath != "" && t.env.RoleARN == "" && strings.Contains(err.Error(), "role ARN is not set"):
		return "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN",
			"set AWS_ROLE_ARN to the role to assume, or unset AWS_WEB_IDENTITY_TOKEN_FILE"
	}
	problem := strings.TrimPrefix(t.plain(err), "invalid value for environment variable, ")
	return fmt.Sprintf("an AWS setting is invalid (using %s): %s", t.identity.label, problem),
		"correct the variable or the key in the AWS files, or remove it"
}

// explainCharacters handles keys that cannot be valid, such as those of a variable in a file with Windows line endings.
// AWS reports them in different ways, and net/http does not send a header with a line break.
func explainCharacters(t *try, err error) (cause, next string) {
	if apiCode(err) == "" && !strings.Contains(err.Error(), "invalid header field value") {
		return "", ""
	}
	for _, key := range []struct{ name, value string }{
		{"access key ID", t.keys.AccessKeyID},
		{"secret access key", t.keys.SecretAccessKey},
		{"session token", t.keys.SessionToken},
	} {
		if strings.ContainsFunc(key.value, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Sprintf("%s: the %s contains a space, a line break or another invalid character", t.identity.label, key.name),
				`copy it again, without spaces and line breaks; a file with Windows line endings adds \r to each value`
		}
	}
	return "", ""
}

// byteOrderMarks are those of UTF-8 and UTF-16. The SDK ignores the first section of such a file, or all of them.
var byteOrderMarks = [][]byte{{0xEF, 0xBB, 0xBF}, {0xFF, 0xFE}, {0xFE, 0xFF}}

// startsWithMark reports whether a file starts with a byte order mark.
func startsWithMark(f *os.File) bool {
	start := make([]byte, 3)
	n, _ := io.ReadFull(f, start)
	for _, mark := range byteOrderMarks {
		if bytes.HasPrefix(start[:n], mark) {
			return true
		}
	}
	return false
}

// explainSection returns the next step if an AWS file has a section for a profile whose name is that of the other file:
// [profile NAME] belongs to the configuration file, and [NAME] to the credentials file. It returns "" if there is none.
func (t *try) explainSection(profile string) (next string) {
	short, long := "["+profile+"]", "[profile "+profile+"]"
	for i, wrong := range []string{short, long} {
		if i == 0 && profile == "default" {
			continue // both are valid in the configuration file
		}
		file, right := t.awsFiles()[i], []string{long, short}[i]
		if content, err := readRegular(file); err == nil && hasSection(content, wrong) {
			return fmt.Sprintf("in %s, write %s instead of %s", file, right, wrong)
		}
	}
	return ""
}

// maxAWSFile is the maximum size of a file that is read for an error message, in bytes.
const maxAWSFile = 1 << 20

// readRegular reads the start of a regular file. It does not open a named pipe, which could block.
func readRegular(path string) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil || f == nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxAWSFile))
}

// openRegular opens a regular file. It returns nil for a directory, a pipe or a device.
func openRegular(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	return os.Open(path)
}

// hasSection reports whether a file has a section with a name such as [dev], with any white space in it.
func hasSection(content []byte, name string) bool {
	words := strings.Fields(strings.Trim(name, "[]"))
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return regexp.MustCompile(`(?m)^[ \t]*\[\s*` + strings.Join(words, `\s+`) + `\s*\]`).Match(content)
}
