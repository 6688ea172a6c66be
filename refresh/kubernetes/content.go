package kubernetes

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"ecrlogin/credentials"
	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
)

// Annotations of each Secret. They do not contain secrets.
const (
	// AnnotationExpiry is the earliest expiration time of the passwords in the Secret, in RFC 3339 and UTC.
	AnnotationExpiry = secret.AnnotationPrefix + "expiry"
	// AnnotationIdentity names the AWS identities to which the passwords were issued, separated by a comma and a space.
	AnnotationIdentity = secret.AnnotationPrefix + "identity"
	// AnnotationHash is a SHA-256 hash of the data, in hexadecimal. Users compare it to see whether two namespaces have
	// the same passwords, without permission to read them. The passwords cannot be found by trial, because a password
	// of Amazon ECR contains more than 256 random bits.
	AnnotationHash = secret.AnnotationPrefix + "content-hash"
	// AnnotationInstallation is the Installation of the Cluster that wrote the Secret last.
	AnnotationInstallation = secret.AnnotationPrefix + "installation"
)

// Labels that each Secret has by default. A Form can set other values.
const (
	labelManagedBy = "app.kubernetes.io/managed-by"
	labelVelero    = "velero.io/exclude-from-backup" // a restored password would be expired
)

// fieldManager is the name of this program in the managed fields of a Secret, and the value of labelManagedBy.
const fieldManager = "ecr-token-refresh"

// maxSize is the limit of the API server for the data of a Secret.
// Source: MaxSecretSize in pkg/apis/core/types.go of Kubernetes
const maxSize = 1 << 20

// A content is a Secret that is the same in all namespaces of a rule.
type content struct {
	creds   []refresh.Credential
	typ     string
	missing []string // hosts of the rule's logins that have no token
	head    []byte   // JSON of the server-side apply up to the first member of metadata
	tail    []byte   // the remaining JSON
	secrets []string // texts that messages must not contain
}

// newContent renders the Secret of a rule. The credentials are those that refresh.Target's Apply gets.
func newContent(rule secret.Rule, creds []refresh.Credential) (*content, error) {
	if len(creds) == 0 {
		return nil, advice.Errorf("Secret %s: no password is available", rule.Name).Then("see the errors of its registries")
	}
	config, err := dockerConfig(creds)
	if err != nil {
		return nil, err
	}
	v := valuesOf(creds[0]) // the only one, unless the form uses none of these values: see Form.Check
	v["dockerconfigjson"] = config
	form, err := rule.Form.Expand(v)
	if err != nil {
		return nil, err
	}
	m := manifest{APIVersion: "v1", Kind: "Secret", Type: form.Type, Data: make(map[string][]byte, len(form.Data))}
	size := 0
	for key, text := range form.Data {
		m.Data[key] = []byte(text)
		size += len(text)
	}
	if size > maxSize {
		return nil, advice.Errorf("Secret %s: %d bytes for %d registries exceed the limit of a Secret (%d)",
			rule.Name, size, len(creds), maxSize).Then("use several rules with different names")
	}
	m.Metadata = newMetadata(rule.Name, form, creds)
	c := &content{creds: creds, typ: m.Type, missing: missing(rule.Logins, creds), secrets: secretsOf(creds, m.Data)}
	return c, c.encode(m)
}

// A manifest is the body of a server-side apply. It has no namespace: that of the request's URL is used.
type manifest struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   secretMetadata    `json:"metadata"`
	Type       string            `json:"type"`
	Data       map[string][]byte `json:"data"` // base64 in JSON
}

type secretMetadata struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// newMetadata returns the labels and annotations of a Secret.
func newMetadata(name string, form secret.Form, creds []refresh.Credential) secretMetadata {
	m := secretMetadata{name, map[string]string{labelManagedBy: fieldManager, labelVelero: "true"}, form.Annotations}
	maps.Copy(m.Labels, form.Labels)
	for key, value := range map[string]string{
		AnnotationExpiry: timestamp(expiry(creds)), AnnotationIdentity: identities(creds), AnnotationHash: hash(form.Data),
	} {
		if value != "" {
			m.Annotations[key] = value
		}
	}
	return m
}

// valuesOf returns the values for one credential. The values are inserted as they are, without quotation. A password of
// Amazon ECR is base64.
func valuesOf(c refresh.Credential) map[string]string {
	return map[string]string{
		"host":     c.Login.Registry.Host,
		"username": c.Token.Username,
		"password": c.Token.Password,
		"auth":     auth(c),
		"expiry":   timestamp(c.Token.Expiry),
	}
}

// auth returns the value of "auth" in Docker's config.json.
func auth(c refresh.Credential) string {
	return base64.StdEncoding.EncodeToString([]byte(c.Token.Username + ":" + c.Token.Password))
}

// timestamp returns a time in RFC 3339 and UTC, or "" for the zero time.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// expiry returns the earliest expiration time, or the zero time if there is none.
func expiry(creds []refresh.Credential) time.Time {
	var first time.Time
	for _, c := range creds {
		if e := c.Token.Expiry; !e.IsZero() && (first.IsZero() || e.Before(first)) {
			first = e
		}
	}
	return first
}

// identities returns the names of the identities, each once, in the order of the registries.
func identities(creds []refresh.Credential) string {
	var names []string
	for _, c := range creds {
		if name := oneline.Value(c.Token.IssuedTo); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// hash returns the value of AnnotationHash. Lengths separate keys and values, so that different data has different
// input.
func hash(data map[string]string) string {
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(data)) {
		for _, text := range []string{key, data[key]} {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
			h.Write([]byte(text))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// dockerConfig returns Docker's config.json with all registries.
func dockerConfig(creds []refresh.Credential) (string, error) {
	type entry struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Auth     string `json:"auth"`
	}
	auths := make(map[string]entry, len(creds))
	for _, c := range creds {
		key := c.Login.Key()
		if _, ok := auths[key]; ok {
			return "", advice.Errorf("duplicate registry %s in a Secret", key).Then("use one rule for each identity")
		}
		auths[key] = entry{c.Token.Username, c.Token.Password, auth(c)}
	}
	text, err := json.Marshal(map[string]any{"auths": auths})
	return string(text), err
}

// missing returns the hosts of the logins without a credential.
func missing(logins []refresh.Login, creds []refresh.Credential) []string {
	var hosts []string
	for _, l := range logins {
		if !slices.ContainsFunc(creds, func(c refresh.Credential) bool { return c.Login == l }) {
			hosts = append(hosts, l.Registry.Host)
		}
	}
	return hosts
}

// secretsOf returns the passwords in the forms in which a Secret and its JSON contain them.
func secretsOf(creds []refresh.Credential, data map[string][]byte) []string {
	var all []string
	for _, value := range data {
		all = append(all, base64.StdEncoding.EncodeToString(value))
	}
	for _, c := range creds {
		all = append(all, auth(c), c.Token.Password)
	}
	return all
}

// encode sets head and tail.
func (c *content) encode(m manifest) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	const object = `"metadata":{`
	i := bytes.Index(body, []byte(object)) + len(object)
	c.head, c.tail = body[:i:i], body[i:]
	return nil
}

// body returns the JSON of a server-side apply. If uid or resourceVersion is not "", it is a precondition: the API
// server rejects the request if the Secret in the cluster has another value.
func (c *content) body(uid types.UID, resourceVersion string) []byte {
	body := bytes.Clone(c.head)
	if uid != "" {
		body = fmt.Appendf(body, `"uid":%q,`, uid)
	}
	if resourceVersion != "" {
		body = fmt.Appendf(body, `"resourceVersion":%q,`, resourceVersion)
	}
	return append(body, c.tail...)
}

// usable reports whether all passwords are valid at a time.
func (c *content) usable(now time.Time) bool {
	return !slices.ContainsFunc(c.creds, func(c refresh.Credential) bool { return !c.Token.Usable(now) })
}

// redact removes passwords from the text of an error, in case an admission webhook repeats the Secret in its message. It
// withholds a text that still contains a part of a password, or a password in another encoding.
func (c *content) redact(text string) string {
	for _, s := range c.secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "(password)")
		}
	}
	if credentials.Reveals(text, c.secrets...) {
		return credentials.Withheld
	}
	return text
}
