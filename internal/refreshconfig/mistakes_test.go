package refreshconfig

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
)

// entry1 returns a file with an entry for host that contains additional lines.
func entryOf(lines ...string) string {
	return "interval: 30m\nregistries:\n  - registry: " + host + "\n    " + strings.Join(lines, "\n    ") + "\n"
}

// old returns a file with an entry in the form of the sidecar, in which registryId is the text id.
func old(id string) string {
	return "interval: 30m\nregistries:\n  - registryId: " + id + "\n    region: us-west-2\n    passwordFile: /a\n"
}

// two returns a file with two entries.
func two(first, second string) string {
	return "interval: 30m\nregistries:\n  - {registry: " + host + ", " + first + "}\n  - {registry: public.ecr.aws, " + second + "}\n"
}

// secretOf returns a file with a rule for the Secret s in all namespaces that contains additional lines.
func secretOf(lines ...string) string {
	return "interval: 30m\nkubernetes:\n  secrets:\n  - name: s\n    namespaces: ['*']\n    registries: [" + host + "]\n    " + strings.Join(lines, "\n    ") + "\n"
}

// rules returns a file with rules for Secrets, each in one line without registries.
func rules(rules ...string) string {
	var b strings.Builder
	b.WriteString("interval: 30m\nkubernetes:\n  secrets:\n")
	for _, r := range rules {
		b.WriteString("  - {registries: [public.ecr.aws], " + r + "}\n")
	}
	return b.String()
}

const validKeys = "valid keys of an entry of registries: allow, dockerConfig, duration, externalId, group, mfaSerial, mode, owner, passwordFile, profile, region, registry, registryId, repositories, roleArn, roleSessionName"

// mistakes are invalid YAML files, with the line and column of the mistake and the error before "; the line is:".
var mistakes = []struct{ name, content, place, want string }{
	{"empty", "", "1:1", "interval is missing; set how often files and Secrets are written again, for example: interval: 30m"},
	{"no interval", "registries:\n- {registry: public.ecr.aws, passwordFile: /a}\n", "1:1", "interval is missing; set how often files and Secrets are written again, for example: interval: 30m"},
	{"no targets", "interval: 30m\n", "1:1", "the configuration has no targets; add registries with passwordFile or dockerConfig, or kubernetes with secrets"},
	{"interval without unit", "interval: 30\n", "1:11", `duration "30" has no unit; write 30s for seconds, or another duration such as 90s, 15m or 1h30m`},
	{"interval without value", "interval:\n", "1:10", "missing value; set one, or remove the key"},
	{"short interval", "interval: 500ms\n", "1:11", `invalid value "500ms": must be a duration from 1s to 12h0m0s, such as 90s, 15m or 1h30m`},
	{"long interval", "interval: 24h\n", "1:11", `invalid value "24h": must be a duration from 1s to 12h0m0s, such as 90s, 15m or 1h30m`},
	{"negative interval", "interval: -30m\n", "1:11", `invalid value "-30m": must be a duration from 1s to 12h0m0s, such as 90s, 15m or 1h30m`},
	{"unknown key", "intervall: 30m\n", "1:1", `unknown key "intervall"; did you mean interval?`},
	{"unknown key without a similar one", "period: 30m\n", "1:1", `unknown key "period"; valid keys of the configuration: interval, kubernetes, listen, registries`},
	{"letter case of a new key", "interval: 30m\nListen: ':3277'\n", "2:1", `unknown key "Listen"; did you mean listen?`},
	{"duplicate key in another letter case", "interval: 30m\nInterval: 31m\n", "2:1", `duplicate key "interval"; remove one`},
	{"duplicate key of an entry", old("123456789012") + "    PasswordFile: /b\n", "6:5", `duplicate key "passwordFile"; remove one`},
	{"unknown key of an entry", entryOf("passwordfiles: /a"), "4:5", `unknown key "passwordfiles"; did you mean passwordFile?`},
	{"unknown key of an entry without a similar one", entryOf("accountId: 1"), "4:5", `unknown key "accountId"; ` + validKeys},
	{"letter case of a new key of an entry", entryOf("passwordFile: /a", "Mode: 0600"), "5:5", `unknown key "Mode"; did you mean mode?`},
	{"unknown placeholder", entryOf("roleArn: arn:aws:iam::${acount}:role/pull", "passwordFile: /a"), "4:27", `unknown placeholder "${acount}"; valid placeholders of roleArn: ${account}, ${partition}, ${region}`},
	{"account of ECR Public", "interval: 30m\nregistries:\n  - registry: public.ecr.aws\n    roleArn: arn:aws:iam::${account}:role/pull\n    passwordFile: /a\n", "4:27", "ECR Public (public.ecr.aws) has no account for the placeholder ${account}; write the account ID of the role"},
	{"allow without a role", entryOf("allow: pull", "passwordFile: /a"), "4:12", "allow requires a role, because only the session of a role can have a session policy; add roleArn, or limit the permissions of the identity in IAM"},
	{"allow for ECR Public among others", "interval: 30m\nkubernetes:\n  secrets:\n  - name: s\n    namespaces: ['*']\n    registries: [" + host + ", public.ecr.aws]\n    roleArn: arn:aws:iam::123456789012:role/pull\n    allow: pull\n", "8:12", "allow is not supported for ECR Public (public.ecr.aws), where pulling requires no permission; remove the key, and limit pushes in the IAM policy of the role"},
	{"account of ECR Public among others", "interval: 30m\nkubernetes:\n  secrets:\n  - name: s\n    namespaces: ['*']\n    registries: [" + host + ", public.ecr.aws]\n    roleArn: arn:aws:iam::${account}:role/pull\n", "7:27", "ECR Public (public.ecr.aws) has no account for the placeholder ${account}; write the account ID of the role"},
	{"text instead of entries", "interval: 30m\nregistries: " + host + "\n", "2:13", `registries must be a list of entries, each starting with "- registry:"`},
	{"text instead of an entry", "interval: 30m\nregistries: [" + host + "]\n", "2:14", "an entry of registries must be a mapping with keys: " + strings.TrimPrefix(validKeys, "valid keys of an entry of registries: ")},
	{"anchor", "interval: &a 30m\n", "1:11", "YAML anchors, aliases and tags are not supported; write the value in full, in quotes if it starts with & * or !"},
	{"control character", "interval: 30m\x00\n", "1:14", "unsupported control character; remove it"},

	{"listen without colon", "listen: 3277\n", "1:9", `listen 3277 has no colon; write ":3277"`},
	{"listen without port", "listen: localhost\n", "1:9", `invalid value "localhost": must be HOST:PORT, such as :3277 or 127.0.0.1:3277, or off for no HTTP server`},
	{"listen with a large port", "listen: ':65536'\n", "1:9", `invalid value ":65536": must be HOST:PORT, such as :3277 or 127.0.0.1:3277, or off for no HTTP server`},
	{"listen with a URL", "listen: http://localhost:80\n", "1:9", `invalid value "http://localhost:80": must be HOST:PORT, such as :3277 or 127.0.0.1:3277, or off for no HTTP server`},
	{"listen with a service", "listen: ':http'\n", "1:9", `invalid value ":http": must be HOST:PORT, such as :3277 or 127.0.0.1:3277, or off for no HTTP server`},
	{"listen false", "listen: false\n", "1:9", `the value must be a string; enclose it in quotes`},
	{"listen empty", "listen: ''\n", "1:9", `empty value; set one, or remove the key`},

	{"account with a leading zero", old("012345678901"), "3:17", `an account ID with a leading zero must be in quotes, because YAML reads another number; write "012345678901"`},
	{"octal account", old("012345670123"), "3:17", `an account ID with a leading zero must be in quotes, because YAML reads another number; write "012345670123"`},
	{"account with underscores", old("123_456_789_012"), "3:17", `invalid value "123_456_789_012": must be an AWS account ID, which has 12 digits`},
	{"account with hyphens", old("1234-5678-9012"), "3:17", `invalid value "1234-5678-9012": must be an AWS account ID, which has 12 digits`},
	{"account with exponent", old("1.23456789012e11"), "3:17", `invalid value "1.23456789012e11": must be an AWS account ID, which has 12 digits`},
	{"account as float", old("123456789012.0"), "3:17", `invalid value "123456789012.0": must be an AWS account ID, which has 12 digits`},
	{"hexadecimal account", old("0x1cbe991a14"), "3:17", `invalid value "0x1cbe991a14": must be an AWS account ID, which has 12 digits`},
	{"short account", old("12345667"), "3:17", `invalid value "12345667": must be an AWS account ID, which has 12 digits`},
	{"account with a sign", old("+12345678901"), "3:17", `invalid value "+12345678901": must be an AWS account ID, which has 12 digits`},
	{"Boolean account", old("true"), "3:17", `the value must be a string; enclose it in quotes`},
	{"list of accounts", old("[123456789012]"), "3:17", `the value must be a string; enclose it in quotes`},
	{"region", "interval: 30m\nregistries:\n- registryId: 123456789012\n  region: US-WEST-2\n", "4:11", `invalid value "US-WEST-2": must be an AWS region, such as us-west-2`},
	{"no region", "interval: 30m\nregistries:\n- registryId: 123456789012\n  passwordFile: /a\n", "3:3", "registryId requires region; add the region, such as region: us-west-2"},
	{"no registryId", "interval: 30m\nregistries:\n- region: us-west-2\n  passwordFile: /a\n", "3:3", `region requires registryId; add the account ID, such as registryId: "123456789012"`},
	{"no registry", "interval: 30m\nregistries:\n- passwordFile: /a\n", "3:3", "the entry has no registry; add one, for example: registry: " + host},
	{"two forms of a registry", entryOf("region: us-west-2", "passwordFile: /a"), "3:5", "registry cannot be combined with registryId or region; remove these, or registry"},
	{"no file", entryOf("mode: 0600"), "3:5", "the entry has no file; add passwordFile or dockerConfig"},
	{"other registry", "interval: 30m\nregistries:\n- registry: ghcr.io\n", "3:13", `invalid value "ghcr.io": must be an ECR registry, such as ` + host + ", without port or path"},
	{"registry with a path", "interval: 30m\nregistries:\n- registry: " + host + "/app\n", "3:13", `invalid value "` + host + `/app": must be an ECR registry, such as ` + host + ", without port or path"},
	{"registry with http", "interval: 30m\nregistries:\n- registry: http://" + host + "\n", "3:13", `invalid value "http://` + host + `": must be an ECR registry, such as ` + host + ", without port or path"},
	{"relative path", entryOf("passwordFile: passwords/a"), "4:19", `invalid value "passwords/a": must be an absolute path`},
	{"home directory", entryOf("dockerConfig: ~/.docker/config.json"), "4:19", `invalid value "~/.docker/config.json": must be an absolute path`},
	{"directory", entryOf("passwordFile: /passwords/"), "4:19", `invalid value "/passwords/": must be a file, not a directory`},
	{"root directory", entryOf("passwordFile: /"), "4:19", `invalid value "/": must be a file, not a directory`},
	{"path with a NUL", entryOf(`passwordFile: "/a\0b"`), "4:19", `invalid value "/a b": must not contain control characters`},
	{"role settings without a role", entryOf("passwordFile: /a", "externalId: abc"), "3:5", "externalId, roleSessionName and duration require a role; add roleArn"},
	{"role", entryOf("roleArn: pull"), "4:14", `invalid value "pull": a role ARN has the form arn:aws:iam::123456789012:role/NAME`},

	{"decimal mode", entryOf("mode: 416"), "4:11", `invalid value "416": the mode has no leading zero; write "0416", or "0640" if it is decimal`},
	{"decimal mode in quotes", entryOf("mode: '420'"), "4:11", `invalid value "420": the mode has no leading zero; write "0420", or "0644" if it is decimal`},
	{"decimal mode that is not octal", entryOf("mode: 384"), "4:11", `invalid value "384": the mode has no leading zero; write "0600" if it is decimal`},
	{"mode without zero", entryOf("mode: 640"), "4:11", `invalid value "640": the mode has no leading zero; write "0640"`},
	{"mode without meaning", entryOf("mode: 9"), "4:11", `invalid value "9": the mode has no leading zero; write octal notation, such as "0640"`},
	{"mode with setuid", entryOf("mode: 04755"), "4:11", `invalid value "04755": must not have the setuid, setgid or sticky bit`},
	{"mode that the owner cannot read", entryOf("mode: 0040"), "4:11", `invalid value "0040": the owner cannot read the file with this mode`},
	{"symbolic mode", entryOf("mode: u=rw"), "4:11", `invalid value "u=rw": must be permissions in octal notation with a leading zero, such as "0640"`},
	{"mode with a digit 8", entryOf("mode: 0680"), "4:11", `invalid value "0680": must be permissions in octal notation with a leading zero, such as "0640"`},
	{"zero mode", entryOf("mode: 0"), "4:11", `invalid value "0": must be permissions in octal notation with a leading zero, such as "0640"`},
	{"mode with underscore", entryOf("mode: 06_40"), "4:11", `invalid value "06_40": must be permissions in octal notation with a leading zero, such as "0640"`},
	{"negative owner", entryOf("owner: -1"), "4:12", `invalid value "-1": must be the name or the number of one user or group`},
	{"owner with group", entryOf("owner: 'root:root'"), "4:12", `invalid value "root:root": must be the name or the number of one user or group`},
	{"large owner", entryOf("owner: 4294967295"), "4:12", `invalid value "4294967295": must be a number from 0 to 4294967294 without a leading zero, or a name`},
	{"octal group", entryOf("group: 010"), "4:12", `invalid value "010": must be a number from 0 to 4294967294 without a leading zero, or a name`},

	{"same password file", two("passwordFile: /a/b", "passwordFile: /a/./c/../b"), "4:5", "/a/b is also written by the entry in line 3; specify another passwordFile, or remove one entry"},
	{"password file as Docker configuration", two("passwordFile: /a", "dockerConfig: /a"), "4:5", "/a is both passwordFile and dockerConfig (line 3); specify another file"},
	{"same file in an entry", entryOf("passwordFile: /a", "dockerConfig: /a"), "3:5", "/a is both passwordFile and dockerConfig (line 3); specify another file"},
	{"other mode for a Docker configuration", two("dockerConfig: /a, mode: 0640", "dockerConfig: /a"), "4:5", "/a has another mode, owner or group in the entry in line 3; use the same in both"},
	{"other owner for a Docker configuration", two("dockerConfig: /a, owner: 1", "dockerConfig: /a, owner: 2"), "4:5", "/a has another mode, owner or group in the entry in line 3; use the same in both"},
	{"registry twice in a Docker configuration", two("dockerConfig: /a", "dockerConfig: /a") + "  - {registry: https://public.ecr.aws, profile: x, dockerConfig: /a}\n", "5:5",
		"the entry in line 4 already writes public.ecr.aws to /a; remove one entry"},
	{"configuration file as target", entryOf("passwordFile: /etc/refresh/config.yaml"), "3:5", "/etc/refresh/config.yaml is this configuration file; specify another file"},

	{"unknown key in kubernetes", "kubernetes: {secret: []}\n", "1:14", `unknown key "secret"; did you mean secrets?`},
	{"unknown key in a lease", "kubernetes: {lease: {enabled: true}}\n", "1:22", `unknown key "enabled"; valid keys of lease: disabled, name, namespace`},
	{"lease namespace", "kubernetes: {lease: {namespace: a.b}}\n", "1:33", `invalid value "a.b": must be the name of a namespace: up to 63 lower-case letters, digits and hyphens, starting and ending with a letter or digit`},
	{"unknown key in a rule", secretOf("namespace: a"), "7:5", `unknown key "namespace"; did you mean namespaces?`},
	{"unknown key in a rule without a similar one", secretOf("enabled: true"), "7:5", `unknown key "enabled"; valid keys of a rule of secrets: adopt, allow, duration, exclude, externalId, mfaSerial, name, namespaces, preset, profile, prune, registries, repositories, roleArn, roleSessionName, selector, serviceAccounts, template`},
	{"letter case in a rule", rules("name: s, Namespaces: [a]"), "4:45", `unknown key "Namespaces"; did you mean namespaces?`},
	{"mapping instead of rules", "kubernetes: {secrets: {name: a}}\n", "1:23", `secrets must be a list of rules, each starting with "- name:"`},
	{"no name", rules("namespaces: [a]"), "4:5", "the rule has no name; add the name of the Secret, for example: name: regcred"},
	{"name", rules("name: RegCred"), "4:42", `invalid value "RegCred": must be a Kubernetes name: up to 253 lower-case letters, digits, hyphens and dots, starting and ending with a letter or digit`},
	{"no registries", "interval: 30m\nkubernetes: {secrets: [{name: s, namespaces: [a]}]}\n", "2:24", "the rule has no registries; add some, for example: registries: [" + host + "]"},
	{"no namespaces", rules("name: s, exclude: [a]"), "4:5", `the rule has no namespaces; add namespaces or selector; for all namespaces: namespaces: ["*"]`},
	{"duplicate registry", rules("name: s, namespaces: [a]") + "  - {name: t, registries: [public.ecr.aws, https://public.ecr.aws]}\n", "5:44", "duplicate registry public.ecr.aws; remove one"},
	{"text instead of registries", "kubernetes: {secrets: [{registries: " + host + "}]}\n", "1:37", "registries must be a list of hosts, such as [" + host + "]"},
	{"text instead of namespaces", rules("name: s, namespaces: a"), "4:57", `namespaces must be a list, such as ["team-*", default]`},
	{"namespace", rules("name: s, namespaces: [Team]"), "4:58", `invalid value "Team": must be the name of a namespace: up to 63 lower-case letters, digits and hyphens, starting and ending with a letter or digit`},
	{"pattern", rules("name: s, namespaces: ['team-[a-c]*']"), "4:58", `invalid value "team-[a-c]*": must be the name of a namespace, or a pattern with * for any text and ? for one character`},
	{"duplicate namespace", rules("name: s, namespaces: [a, b, a]"), "4:64", `duplicate value "a"; remove one`},
	{"pattern without quotes", secretOf("exclude: [*-system]"), "7:15", "YAML anchors, aliases and tags are not supported; write the value in full, in quotes if it starts with & * or !"},
	{"selector", rules("name: s, selector: 'a in b'"), "4:55", `invalid value "a in b": must be a label selector, such as ecr-login=enabled: unable to parse requirement: found 'b' expected: '('`},
	{"blank selector", rules("name: s, selector: ' '"), "4:55", `invalid value "": selects all namespaces, which is written as namespaces: ["*"]`},
	{"preset", secretOf("preset: docker"), "7:13", `invalid value "docker": must be one of argocd-repo-creds, basic-auth, docker-config, dockerconfigjson, image-updater`},
	{"preset and template", secretOf("preset: basic-auth", "template: {data: {p: '${password}'}}"), "4:5", "preset and template exclude each other; remove one"},
	{"preset for one registry", "interval: 30m\nkubernetes: {secrets: [{name: s, namespaces: [a], preset: basic-auth, registries: [public.ecr.aws, " + host + "]}]}\n", "2:59",
		`data "password": ${password} refers to one registry, but the rule has 2; use ${dockerconfigjson}, or one rule for each registry`},
	{"template without data", secretOf("template: {type: Opaque}"), "7:15", "data contains no password; add a key with ${password}, ${auth} or ${dockerconfigjson}"},
	{"unknown key in a template", secretOf("template: {stringData: {}}"), "7:16", `unknown key "stringData"; valid keys of template: annotations, data, labels, type`},
	{"list instead of labels", secretOf("template: {labels: [a]}"), "7:24", "labels must be a mapping"},
	{"number in a template", secretOf("template:", "  data:", "    port: 443"), "9:15", "the value must be a string; enclose it in quotes"},
	{"duplicate key in a template", secretOf("template:", "  data:", "    a: b", "    a: c"), "10:9", `duplicate key "a"; remove one`},
	{"empty key in a template", secretOf("template:", "  data:", "    '': b"), "9:9", `the key must be a string that is not empty`},
	{"list as key in a template", secretOf("template:", "  data:", "    [a]: b"), "9:9", `the key must be a string that is not empty`},
	{"service accounts for another type", secretOf("preset: docker-config", "serviceAccounts: [default]"), "7:13", "serviceAccounts requires a Secret of type kubernetes.io/dockerconfigjson; remove serviceAccounts, or use another preset"},
	{"pattern as service account", secretOf("serviceAccounts: ['*']"), "7:23", `invalid value "*": must be a Kubernetes name: up to 253 lower-case letters, digits, hyphens and dots, starting and ending with a letter or digit`},
	{"Boolean", secretOf("adopt: yes please"), "7:12", "the value must be true or false"},
	{"role settings of a rule without a role", secretOf("duration: 1h"), "4:5", "externalId, roleSessionName and duration require a role; add roleArn"},

	{"same Secret", rules("name: s, namespaces: [a, b]", "name: t, namespaces: [b]", "name: s, namespaces: [c, b]"), "6:5",
		"the rule in line 4 can write the same Secret: both select namespace b; exclude it in one of them, or use another name"},
	{"same Secret by patterns", rules("name: s, namespaces: ['team-*']", "name: s, namespaces: ['*-a']"), "5:5",
		"the rule in line 4 can write the same Secret: namespaces can match both team-* and *-a; exclude *-a in that rule, or use another name"},
	{"same Secret by selectors", rules("name: s, selector: a=b", "name: s, selector: a!=b"), "5:5",
		"the rule in line 4 can write the same Secret: both select namespaces *, and selectors are not compared; specify namespaces that differ, or use another name"},
	{"large", strings.Repeat("# a comment\n", 100_000), "1:1", "the file has 1200000 bytes, more than the limit of 1048576; shorten it"},
	{"nested", "registries: " + strings.Repeat("[", 500) + "\n", "1:29", "more than 16 levels of nesting; remove brackets or indentation"},
}

// manyRules returns n rules with the same name, each of which is compared with all rules before it.
func manyRules(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("name: s, namespaces: [a%d-*]", 10_000+i)
	}
	return rules(all...)
}

// TestMistakes checks that each mistake is reported with position, cause, next step and line.
func TestMistakes(t *testing.T) {
	for _, tt := range mistakes {
		t.Run(tt.name, func(t *testing.T) { wantMistake(t, "/etc/refresh/config.yaml", tt.content, tt.place, tt.want) })
	}
}

func wantMistake(t *testing.T, path, content, place, want string) {
	t.Helper()
	_, err := Parse(path, []byte(content))
	var e *strictyaml.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if e.What != want || place != "" && fmt.Sprintf("%d:%d", e.Line, e.Column) != place {
		t.Errorf("got  %d:%d: %s\nwant %s: %s", e.Line, e.Column, e.What, place, want)
	}
	if lines := strings.Split(content, "\n"); e.Line > len(lines) || e.Text != lines[e.Line-1] {
		t.Errorf("line %d is reported as %q", e.Line, e.Text)
	}
	if line := err.Error(); !strings.HasPrefix(line, path+":") || strings.Contains(line, "\n") || len(line) > 1000 {
		t.Errorf("got %s", line)
	} else if hasLine := strings.Contains(line, "; the line is: "); hasLine != (oneline.Value(e.Text) != "") {
		t.Errorf("got %s, but the line is %q", line, e.Text)
	}
}
