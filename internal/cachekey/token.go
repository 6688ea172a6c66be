package cachekey

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/rawfile"
)

// A token file contains a JSON web token that is exchanged for credentials: by AssumeRoleWithWebIdentity, or by EKS Pod
// Identity. It is replaced regularly, and the variable or setting with its path does not identify the subject. So the
// key covers the claims that select the identity.

// tokenVariables are the variables that contain the path of a token file.
var tokenVariables = []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}

// maxToken is the maximum size of a token file, in bytes. STS accepts tokens of 20,000 characters.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
const maxToken = 64 << 10

// readTokens returns what identifies the tokens in the files that variables and settings name, in this order. It is
// a hash for each file, and does not contain a token.
func readTokens(env environ.Env, settings []string) (tokens []string, err error) {
	var paths []string
	for _, name := range tokenVariables {
		paths = append(paths, env.Get(name))
	}
	for _, path := range settings {
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		if path == "" {
			continue
		}
		content, ok, err := readToken(path)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			tokens = append(tokens, "")
		default:
			tokens = append(tokens, tokenIdentity(content))
		}
	}
	return tokens, nil
}

// readToken reads a token file. ok is false if it cannot be read: the AWS SDK cannot read it either, so no identity
// comes from it. A pipe is an error, because it can be read only once.
func readToken(path string) (content []byte, ok bool, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil || info.IsDir():
		return nil, false, nil
	case !info.Mode().IsRegular():
		return nil, false, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	case info.Size() > maxToken:
		return nil, false, fmt.Errorf("%s has %d bytes, and the limit of a token file is %d", path, info.Size(), maxToken)
	}
	content, err = rawfile.ReadLimited(path, maxToken)
	if errors.Is(err, rawfile.ErrLimit) { // it was replaced
		return nil, false, err
	}
	return content, err == nil, nil
}

// tokenIdentity returns a hash of the claims in a JSON web token that select an AWS identity. Other tokens have a hash
// of their content, because nothing else is known of their identity.
func tokenIdentity(content []byte) string {
	content = bytes.TrimSpace(content)
	kind, covered := "opaque", content
	if claims, ok := identityClaims(content); ok {
		kind, covered = "claims", claims
	}
	sum := sha256.Sum256(covered)
	return kind + " " + string(sum[:])
}

// coveredClaims are the claims of a JSON web token that are part of the key. The first two are required. Google names
// the audience azp. The last two become tags and the source identity of the role session.
// Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html (for azp), and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
var coveredClaims = [...]string{
	"iss", "sub", "aud", "azp", "https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity",
}

// identityClaims returns the claims of coveredClaims in a JSON web token, as they are encoded there, in a form in which
// different claims differ. ok is false if the token is invalid, ambiguous, or lacks a subject or issuer.
func identityClaims(token []byte) (claims []byte, ok bool) {
	header, rest, _ := bytes.Cut(token, []byte("."))
	payload, signature, ok := bytes.Cut(rest, []byte("."))
	if !ok || len(header) == 0 || bytes.IndexByte(signature, '.') >= 0 { // five parts: encrypted
		return nil, false
	}
	object := make([]byte, base64.RawURLEncoding.DecodedLen(len(payload)))
	n, err := base64.RawURLEncoding.Decode(object, payload)
	if err != nil {
		return nil, false
	}
	var values [len(coveredClaims)][]byte
	ok = members(object[:n], func(name string, value []byte) bool {
		i := slices.Index(coveredClaims[:], name)
		if i < 0 {
			return true
		}
		first := values[i] == nil
		values[i] = value
		return first
	})
	for i, value := range values {
		if i < 2 && (len(value) <= len(`""`) || value[0] != '"') {
			return nil, false
		}
		claims = binary.BigEndian.AppendUint64(claims, uint64(len(value)))
		claims = append(claims, value...)
	}
	return claims, ok
}

// members calls yield for each member of a JSON object, with the encoded value, until it returns false. ok is false if
// it did, if the input is not an object, or if a name contains an escape. It does not check values any further than it
// needs to find their end. encoding/json would be initialized too late for the fast path.
func members(object []byte, yield func(name string, value []byte) bool) (ok bool) {
	rest, ok := cutByte(object, '{')
	for ok {
		var name, value []byte
		if name, rest, ok = cutValue(rest); !ok || len(name) < 2 || name[0] != '"' || bytes.IndexByte(name, '\\') >= 0 {
			return false
		}
		if rest, ok = cutByte(rest, ':'); !ok {
			return false
		}
		if value, rest, ok = cutValue(rest); !ok || !yield(string(name[1:len(name)-1]), value) {
			return false
		}
		if end, ok := cutByte(rest, '}'); ok {
			return len(trimSpace(end)) == 0
		}
		rest, ok = cutByte(rest, ',')
	}
	return false
}

// cutByte removes a character, and the white space before it.
func cutByte(b []byte, c byte) (rest []byte, ok bool) {
	b = trimSpace(b)
	if len(b) == 0 || b[0] != c {
		return nil, false
	}
	return b[1:], true
}

// cutValue removes a JSON value, and the white space around it. ok is false if there is none, or it has no end.
func cutValue(b []byte) (value, rest []byte, ok bool) {
	b = trimSpace(b)
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']'):
			value = bytes.TrimRight(b[:i], " \t\r\n")
			return value, b[i:], len(value) > 0
		}
	}
	return nil, nil, false
}

// trimSpace removes leading white space, as RFC 8259 defines it.
func trimSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }
