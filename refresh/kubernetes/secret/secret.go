// Package secret describes Secrets with registry passwords, for package kubernetes, which writes them.
//
// It is separate from package kubernetes so that the configuration can be parsed without linking a Kubernetes client.
package secret

import "ecrlogin/refresh"

// A Rule describes a Secret and selects the namespaces that get it. If all Namespaces are names without a pattern, and
// there is no Selector, Prune or SkipMissing, the rule needs no permission to list and watch namespaces.
type Rule struct {
	Name            string   // of the Secret
	Namespaces      []string // names or patterns, in which * stands for any text and ? for one character; empty for all
	Exclude         []string // names or patterns of namespaces that are skipped
	Selector        string   // label selector for namespaces, in the syntax of kubectl --selector; "" for all
	Logins          []refresh.Login
	Form            Form
	Adopt           bool     // take over a Secret that another field manager wrote
	Prune           bool     // delete this program's Secrets in namespaces that no longer match
	ServiceAccounts []string // names of service accounts whose imagePullSecrets get the Secret
	// SkipMissing skips Namespaces that do not exist. Otherwise, each of them is a failure. It requires the permission
	// to list namespaces.
	SkipMissing bool
}

// A Form is the shape of a Secret. Values of Labels, Annotations and Data are templates with the placeholders ${host},
// ${username}, ${password}, ${auth} (base64 of USERNAME:PASSWORD), ${expiry} (RFC 3339, UTC) and ${dockerconfigjson}
// (Docker's config.json with all registries of the rule). All but the last refer to one registry, so a Form that uses
// them is for rules with one registry. ${password} and the placeholders that contain it are only valid in Data. Values
// are inserted as they are. $${ stands for a literal ${.
type Form struct {
	Type        string // such as kubernetes.io/dockerconfigjson
	Labels      map[string]string
	Annotations map[string]string
	Data        map[string]string // the keys of the Secret; the values are not base64
}

// AnnotationPrefix is the prefix of the annotations that package kubernetes adds. A Form must not contain them.
const AnnotationPrefix = "ecr-login/"
