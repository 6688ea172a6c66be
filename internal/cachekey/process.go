package cachekey

import (
	"bytes"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"ecrlogin/internal/environ"
)

// The output of a credential_process is unknown until the program runs. So the key covers what it most likely depends
// on: the program, the variables in its command line, and the variables of common credential tools.

// ToolPrefixes are the prefixes of variables with which common tools select an account, a role or a user: AWSume,
// aws-azure-login, gcloud, Doppler, gimme-aws-creds, aws-google-auth, Granted, Kion, Leapp, okta-aws-cli,
// onelogin-aws-cli, 1Password, saml2aws, Teleport and HashiCorp Vault. The variables of aws-vault, aws-sso-cli and the
// AWS CLI begin with AWS_.
var ToolPrefixes = []string{"AWSUME_", "AZURE_", "CLOUDSDK_", "DOPPLER_", "GIMME_", "GOOGLE_", "GRANTED_", "KION_",
	"LEAPP_", "OKTA_", "ONELOGIN_", "OP_", "SAML2AWS_", "TELEPORT_", "TSH_", "VAULT_"}

// toolSessions are the prefixes of variables of these tools that differ between terminals and do not affect the
// identity.
var toolSessions = []string{"OP_SESSION", "TELEPORT_SESSION"}

// isToolVariable reports whether a variable affects a common credential tool.
func isToolVariable(name string) bool {
	has := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	return slices.ContainsFunc(ToolPrefixes, has) && !slices.ContainsFunc(toolSessions, has)
}

// settings are the values of settings in an AWS file.
type settings struct{ commands, tokenFiles []string } // credential_process, web_identity_token_file

// add adds the settings of another file.
func (s *settings) add(other settings) {
	s.commands = append(s.commands, other.commands...)
	s.tokenFiles = append(s.tokenFiles, other.tokenFiles...)
}

// readSettings returns the settings in an AWS file, in one pass. The SDK accepts names in any letter case, and a colon
// instead of the equals sign. Values of credential_process include continuation lines.
func readSettings(content []byte) (s settings) {
	for i := 0; ; i++ {
		next := bytes.IndexByte(content[i:], '_')
		if next < 0 {
			return s
		}
		i += next
		if i+1 == len(content) {
			return s
		}
		switch content[i+1] | 0x20 {
		case 'p':
			if value, ok := settingAt(content, i, "credential", "_process"); ok {
				s.commands = append(s.commands, string(unquote(value)))
			}
		case 'i':
			if value, ok := settingAt(content, i, "web", "_identity_token_file"); ok {
				s.tokenFiles = append(s.tokenFiles, tokenFile(value))
			}
		}
	}
}

// settingAt returns the value of the setting with the name left + right, if right begins at index i of an AWS file. The
// value includes continuation lines.
func settingAt(content []byte, i int, left, right string) (value []byte, ok bool) {
	begin, end := i-len(left), i+len(right)
	if begin < 0 || end > len(content) || !bytes.EqualFold(content[begin:i], []byte(left)) ||
		!bytes.EqualFold(content[i:end], []byte(right)) {
		return nil, false
	}
	line := bytes.LastIndexByte(content[:begin], '\n') + 1
	value = bytes.TrimLeft(content[end:], " \t")
	if len(bytes.TrimLeft(content[line:begin], " \t")) > 0 || len(value) == 0 || value[0] != '=' && value[0] != ':' {
		return nil, false
	}
	return value[1:logicalEnd(value)], true
}

// tokenFile returns the path in a value of web_identity_token_file: its first line, without a comment and quotes.
func tokenFile(value []byte) string {
	value, _, _ = bytes.Cut(value, []byte("\n"))
	for _, comment := range []string{" #", " ;", "\t#", "\t;"} {
		value, _, _ = bytes.Cut(value, []byte(comment))
	}
	return string(unquote(value))
}

// logicalEnd returns the index of the end of a value: before the first line that does not begin with a blank.
func logicalEnd(value []byte) int {
	for i, c := range value {
		if c == '\n' && (i+1 == len(value) || value[i+1] != ' ' && value[i+1] != '\t') {
			return i
		}
	}
	return len(value)
}

// unquote removes quotes around a whole value, as the SDK does.
func unquote(value []byte) []byte {
	value = bytes.TrimSpace(value)
	if n := len(value); n > 1 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return value[1 : n-1]
	}
	return value
}

// mentioned returns the names of the variables in command lines: $NAME and ${NAME}, and on Windows also %NAME% and
// $env:NAME.
func mentioned(commands []string) (names []string) {
	for _, command := range commands {
		for i, c := range []byte(command) {
			rest := command[i+1:]
			switch {
			case c == '$':
				rest = strings.TrimLeft(rest, "{#!")
				if runtime.GOOS == "windows" && len(rest) > 4 && strings.EqualFold(rest[:4], "env:") {
					rest = rest[4:]
				}
			case c != '%' || runtime.GOOS != "windows":
				continue
			}
			if n := nameLength(rest); n > 0 && !slices.Contains(names, rest[:n]) {
				names = append(names, rest[:n])
			}
		}
	}
	return names
}

// nameLength returns the length of the variable name at the beginning of a text.
func nameLength(s string) int {
	for i := range len(s) {
		if c := s[i]; c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9' || i == 0) {
			return i
		}
	}
	return len(s)
}

// stampPrograms returns a stamp of each program that command lines run.
func stampPrograms(env environ.Env, commands []string) (stamps []string) {
	var seen []string
	for _, command := range commands {
		for _, name := range programs(env, command) {
			if !slices.Contains(seen, name) {
				seen = append(seen, name)
				stamps = append(stamps, stampProgram(env, name))
			}
		}
	}
	return stamps
}

// stampProgram returns a text that changes if a program is replaced; "" if the program does not exist.
func stampProgram(env environ.Env, name string) string {
	path, info := findProgram(env, name)
	if info == nil {
		return ""
	}
	return path + "\n" + strconv.FormatInt(info.Size(), 10) + "\n" +
		strconv.FormatInt(info.ModTime().UnixNano(), 10) + "\n" + inode(info)
}

// programs returns the programs that a command line runs: the first word of each of its commands, after assignments.
func programs(env environ.Env, command string) (names []string) {
	expected := true // whether the next word is a program
	for command != "" && (expected || strings.ContainsAny(command, separators)) {
		word, separator, rest := cutWord(env, command)
		command = rest
		if word != "" && expected && !isPrelude(word) {
			names, expected = append(names, word), false
		}
		expected = expected || separator
	}
	return names
}

// isPrelude reports whether a word precedes the program: an assignment, or a command that runs another one.
func isPrelude(word string) bool {
	name, _, assignment := strings.Cut(word, "=")
	return assignment && nameLength(name) == len(name) || word == "exec" || word == "env" || word == "command"
}

// separators are the characters between commands.
const separators = "\n;|&("

// cutWord returns the first word of a command line, without quotes and with expanded variables, and the rest of the
// line. separator reports whether another command follows.
func cutWord(env environ.Env, command string) (word string, separator bool, rest string) {
	posix := runtime.GOOS != "windows"
	var b []byte
	var quote byte // the open quote; 0 for none
	for i := 0; i < len(command); i++ {
		switch c := command[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'':
			b = append(b, c)
		case quote == 0 && (c == '"' || c == '\'' && posix):
			quote = c
		case c == '\\' && posix && i+1 < len(command):
			i++
			b = append(b, command[i])
		case c == '$' && posix, c == '%' && !posix:
			value, n := expand(env, command[i:])
			b = append(b, value...)
			i += n - 1
		case c == '~' && posix && len(b) == 0 && quote == 0 && strings.HasPrefix(command[i:], "~/"):
			b = append(b, env.Get("HOME")...)
		case quote == 0 && strings.IndexByte(" \t\r\n;|&()<>", c) >= 0:
			return string(b), strings.IndexByte(separators, c) >= 0, command[i+1:]
		default:
			b = append(b, c)
		}
	}
	return string(b), false, ""
}

// expand returns the value of the variable reference at the beginning of a text ($NAME, ${NAME} or %NAME%), and the
// length of the reference. For any other reference it returns the first byte: such a program is not found, but its
// variables are part of the key.
func expand(env environ.Env, s string) (value string, n int) {
	begin, end := s[:1], ""
	switch {
	case s[0] == '%':
		end = "%"
	case strings.HasPrefix(s, "${"):
		begin, end = "${", "}"
	}
	rest := s[len(begin):]
	length := nameLength(rest)
	if length == 0 || !strings.HasPrefix(rest[length:], end) {
		return s[:1], 1
	}
	return env.Get(rest[:length]), len(begin) + length + len(end)
}
