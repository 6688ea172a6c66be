package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ecrlogin/config"
)

const ecr = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// rule returns a file with a rule for ecr that contains additional lines.
func rule(lines ...string) string {
	return "registries:\n  - match: " + ecr + "\n    " + strings.Join(lines, "\n    ") + "\n"
}

// match returns a file with a rule for a pattern.
func match(pattern string) string { return "registries:\n  - match: " + pattern + "\n" }

// mistakes are invalid files, with the line and column of the mistake and a part of the error.
var mistakes = []struct{ name, content, place, want string }{
	{"unknown key", "fallbak: pass\n", "1:1", `unknown key "fallbak"; valid keys of the configuration: cache, fallback, registries, timeout; the line is: fallbak: pass`},
	{"unknown key in a rule", rule("Profile: dev"), "3:5", `unknown key "Profile"; valid keys of a rule: allow, duration, externalId, match, mfaSerial, profile, registry, repositories, roleArn, roleSessionName; the line is: Profile: dev`},
	{"unknown key in the cache", "cache: {path: /x}\n", "1:9", `unknown key "path"; valid keys of cache: dir, disabled, store, variables; the line is: cache: {path: /x}`},
	{"duplicate key", "timeout: 5s\ntimeout: 6s\n", "2:1", `duplicate key "timeout"; remove one; the line is: timeout: 6s`},
	{"duplicate key in a rule", rule("profile: a", "profile: b"), "4:5", `duplicate key "profile"`},
	{"list instead of a mapping", "- match: x\n", "1:1", "the configuration must be a mapping with keys: cache,"},
	{"string instead of a mapping", "hello\n", "1:1", "the configuration must be a mapping with keys: cache,"},
	{"mapping instead of a list", "registries: {match: x}\n", "1:13", `registries must be a list`},
	{"string instead of a rule", "registries:\n  - " + ecr + "\n", "2:5", "a rule must be a mapping with keys: allow, duration,"},
	{"number instead of a string", rule("externalId: 0123"), "3:17", "the value must be a string; enclose it in quotes; the line is: externalId: 0123"},
	{"list instead of a string", "fallback: [pass]\n", "1:11", "the value must be a string"},
	{"string instead of a Boolean", "cache:\n  disabled: yes please\n", "2:13", "the value must be true or false"},
	{"no value", "fallback:\n", "1:10", "missing value"},
	{"empty value", "fallback: ''\n", "1:11", "empty value"},
	{"unterminated list", "registries:\n  - match: [\n", "2:12", "invalid YAML"},
	{"unterminated string", "registries:\nfallback: \"pass\ntimeout: 5s\n", "2:11", "invalid YAML"},
	{"unterminated mapping", "cache: {dir: /x\n", "1:8", "invalid YAML"},
	{"tab", "cache:\n\tdir: /x\n", "2:1", `the line is indented with a tab; use spaces; the line is: \tdir: /x`},
	{"tab after spaces", "cache:\n  dir: /x\n \tstore: pass\n", "3:2", `the line is indented with a tab; use spaces; the line is:  \tstore: pass`},
	{"tab in a rule", "registries:\n- match: " + ecr + "\n\tprofile: dev\n", "3:1", `the line is indented with a tab; use spaces; the line is: \tprofile: dev`},
	{"carriage return", "timeout: 5s\rfallback: pass\n", "1:12", "the line ends with a carriage return only"},
	{"line separator", "timeout: 5s # a\u2028fallback: pass\n", "1:16", "unsupported control character"},
	{"NUL", "timeout: 5s\nfallback: p\x00ass\n", "2:12", "unsupported control character"},
	{"UTF-16", "\xff\xfet\x00", "1:1", "invalid UTF-8; save the file as UTF-8"},
	{"two documents", "timeout: 5s\n---\ntimeout: 6s\n", "3:", "more than one YAML document"},
	{"anchor", "timeout: &a 5s\n", "1:10", "anchors, aliases and tags are not supported"},
	{"wildcard without quotes", match("*.dkr.ecr.us-west-2.amazonaws.com"), "2:12", "write the value in full, in quotes if it starts with & * or !"},
	{"tag", "timeout: !!str 5s\n", "1:10", "anchors, aliases and tags"},
	{"alias bomb", bomb(), "2:10", "anchors, aliases and tags"},
	{"nested brackets", "registries: " + strings.Repeat("[", 500) + "\n", "1:29", "more than 16 levels of nesting; remove brackets or indentation"},
	{"nested lists", strings.Repeat("- ", 100) + "\n", "1:33", "more than 16 levels of nesting; remove brackets or indentation"},
	{"nested mappings", stairs(100), "17:18", "more than 16 levels of nesting; remove brackets or indentation"},
	{"large", strings.Repeat("# a comment\n", 100_000), "1:1", "the file has 1200000 bytes, more than the limit of 1048576; shorten it"},
	{"many patterns", manyPatterns(20_000), "", `too many patterns with a "*" in the same label; reduce their number`},
	{"long label", match(`"*` + strings.Repeat("a", 63) + `.dkr.ecr.us-west-2.amazonaws.com"`), "2:12", "a label is longer than 63 characters"},
	{"long line", "registries: " + strings.Repeat("- ", 500_000) + "\n", "1:2000", "the line is longer than 2000 bytes; shorten it"},

	{"no match", "registries:\n  - profile: dev\n", "2:5", "the rule has no match"},
	{"scheme", match("https://" + ecr), "2:12", "must be a host, without scheme or path"},
	{"path", match(ecr + "/team"), "2:12", "must be a host, without scheme or path"},
	{"port", match(`"` + ecr + `:x"`), "2:12", "the port must be a number"},
	{"empty label", match("123456789012..ecr.us-west-2.amazonaws.com"), "2:12", "the host has an empty label"},
	{"question mark", match(`"12345678901?.dkr.ecr.us-west-2.amazonaws.com"`), "2:12", `"*" for any part of a label`},
	{"wildcard for several labels", match(`"*.amazonaws.com"`), "2:5", `"*.amazonaws.com" matches no ECR registry ("*" stands for any part of one label`},
	{"other host without alias", match("ghcr.io"), "2:5", `"ghcr.io" matches no ECR registry`},
	{"invalid account", match("12345.dkr.ecr.us-west-2.amazonaws.com"), "2:5", "matches no ECR registry"},
	{"port of ECR", match(`"` + ecr + `:443"`), "2:5", `"` + ecr + `:443" has a port, but ECR registries are matched without a port; remove the port`},
	{"port of ECR by pattern", match(`"*.dkr.ecr.us-west-2.amazonaws.com:443"`), "2:5", "has a port, but ECR registries are matched without a port"},
	{"rule covered by an earlier one", match(`"*.dkr.ecr.us-west-2.amazonaws.com"`) + "  - match: " + ecr + "\n", "3:5",
		`the rule never applies, because "*.dkr.ecr.us-west-2.amazonaws.com" in line 2 matches every host that "` + ecr + `" matches; move it before that rule, or remove it`},
	{"same rule", match(ecr) + "  - match: " + strings.ToUpper(ecr) + "\n", "3:5", "the rule never applies"},

	{"alias of an alias", "registries:\n  - match: a.corp.example\n    registry: b.corp.example\n", "3:15", `invalid value "b.corp.example": must be an ECR registry, such as 123456789012.dkr.ecr.us-west-2.amazonaws.com; an alias of an alias is not supported`},
	{"ECR as alias", rule("registry: 210987654321.dkr.ecr.us-west-2.amazonaws.com"), "2:5", "matches ECR registries, which cannot be aliases"},
	{"alias for any domain", "registries:\n  - match: '*.*'\n    registry: " + ecr + "\n", "2:5", "would send the token to hosts of any domain"},
	{"alias with an identity", "registries:\n  - match: a.corp.example\n    registry: " + ecr + "\n    profile: dev\n", "2:5", "an alias cannot have profile or roleArn; set them in a rule that matches " + ecr},

	{"MFA", rule("mfaSerial: arn:aws:iam::123456789012:mfa/me"), "3:16", "mfaSerial is not supported, because an MFA code cannot be entered"},
	{"role", rule("roleArn: image-puller"), "3:14", "a role ARN has the form arn:aws:iam::123456789012:role/NAME"},
	{"user for role", rule("roleArn: arn:aws:iam::123456789012:user/me"), "3:14", "a role ARN has the form"},
	{"external id", rule("roleArn: arn:aws:iam::123456789012:role/me", "externalId: a b"), "4:17", "2 to 1224 characters: letters"},
	{"session name", rule("roleArn: arn:aws:iam::123456789012:role/me", "roleSessionName: a/b"), "4:22", "2 to 64 characters: letters"},
	{"session length", rule("roleArn: arn:aws:iam::123456789012:role/me", "duration: 5m"), "4:15", "a duration from 15m0s to 12h0m0s"},
	{"unknown placeholder", rule("roleArn: arn:${partition}:iam::${acount}:role/pull"), "3:36", `unknown placeholder "${acount}"; valid placeholders of roleArn: ${account}, ${partition}, ${region}; the line is: roleArn`},
	{"placeholder of another key", rule("roleArn: arn:aws:iam::${account}:role/${user}"), "3:43", `unknown placeholder "${user}"; valid placeholders of roleArn: ${account}, ${partition}, ${region}`},
	{"unknown placeholder in quotes", rule("roleArn: arn:aws:iam::${account}:role/me", `roleSessionName: "ci-${job}"`), "4:26", `unknown placeholder "${job}"; valid placeholders of roleSessionName: ${account}, ${host}, ${region}, ${user}`},
	{"unclosed placeholder", rule("roleArn: arn:aws:iam::${account:role/pull"), "3:27", `the placeholder "${account:role/pull" is not closed; add "}"`},
	{"dollar sign", rule("roleArn: arn:aws:iam::$account:role/pull"), "3:27", "the dollar sign does not start a placeholder; valid placeholders of roleArn: ${account}"},
	{"placeholder in a profile", rule("profile: team-${account}"), "3:19", `profile does not support placeholders; add a rule for each profile; only roleArn and roleSessionName support placeholders; the line is: profile: team-`},
	{"empty placeholder", rule("roleArn: arn:aws:iam::${account}:role/me", "roleSessionName: ${}"), "4:22", `unknown placeholder "${}"`},
	{"role with a wrong placeholder", rule("roleArn: arn:${region}:iam::${account}:role/pull"), "3:14", `invalid value "arn:${region}:iam::${account}:role/pull": a role ARN has the form`},
	{"role in another field", rule("roleArn: arn:aws:iam:${region}:${account}:role/pull"), "3:14", "a role ARN has the form"},
	{"account of ECR Public", "registries:\n  - roleArn: arn:aws:iam::${account}:role/pull\n    match: public.ecr.aws\n", "2:27", "ECR Public (public.ecr.aws) has no account for the placeholder ${account}; write the account ID of the role"},
	{"account of ECR Public by pattern", match("'*.ecr.aws'") + "    roleArn: arn:aws:iam::123456789012:role/pull\n    roleSessionName: 'a-${account}'\n", "4:25", "ECR Public (public.ecr.aws) has no account"},
	{"session name with a placeholder", rule("roleArn: arn:aws:iam::123456789012:role/me", "roleSessionName: a/${user}"), "4:22", `invalid value "a/${user}": must have 2 to 64 characters: letters`},
	{"long session name", rule("roleArn: arn:aws:iam::123456789012:role/me", "roleSessionName: "+strings.Repeat("a", 63)+"${user}"), "4:22", "must have 2 to 64 characters"},
	{"placeholder in an external ID", rule("roleArn: arn:aws:iam::123456789012:role/me", "externalId: ${account}"), "4:17", "2 to 1224 characters: letters"},
	{"allow without a role", rule("profile: dev", "allow: pull"), "4:12", "allow requires a role, because only the session of a role can have a session policy; add roleArn, or limit the permissions of the identity in IAM"},
	{"repositories without a role", rule("allow: pull", "repositories: [team-a/*]"), "4:19", "repositories requires a role, because only the session of a role can have a session policy; add roleArn"},
	{"allow push", rule("roleArn: arn:aws:iam::123456789012:role/me", "allow: push"), "4:12", `invalid value "push": must be pull; to push, omit allow; the session then has all permissions of the role, in repositories if set`},
	{"list for allow", rule("roleArn: arn:aws:iam::123456789012:role/me", "allow: [pull]"), "4:12", "the value must be a string"},
	{"string instead of repositories", rule("roleArn: arn:aws:iam::123456789012:role/me", "repositories: team-a/*"), "4:19", "repositories must be a list of names or patterns, such as [team-a/*]"},
	{"no repositories", rule("roleArn: arn:aws:iam::123456789012:role/me", "repositories: []"), "4:19", "repositories is empty; list repositories, or remove the key"},
	{"repositories without a value", rule("roleArn: arn:aws:iam::123456789012:role/me", "allow: pull", "repositories:"), "5:18", "repositories is empty"},
	{"duplicate repository", rule("roleArn: arn:aws:iam::123456789012:role/me", "repositories: [a/*, b, a/*]"), "4:28", `duplicate value "a/*"; remove one`},
	{"repository with its registry", rule("roleArn: arn:aws:iam::123456789012:role/me", "repositories: ["+ecr+"/team-a]"), "4:20", "must be a repository, without the host of its registry"},
	{"repository with a tag", rule("roleArn: arn:aws:iam::123456789012:role/me", "repositories: ['team-a/app:1']"), "4:20", `invalid value "team-a/app:1": must be the name of a repository without a tag, such as team-a/app, or a pattern`},
	{"repository with a slash", rule("roleArn: arn:aws:iam::123456789012:role/me", "repositories: [team-a/]"), "4:20", "must be the name of a repository"},
	{"policy variable", rule("roleArn: arn:aws:iam::123456789012:role/me", "repositories: ['${account}/*']"), "4:20", "must be the name of a repository"},
	{"many repositories", rule("roleArn: arn:aws:iam::123456789012:role/me", "allow: pull", manyRepositories(30)), "5:19", "the session policy for 30 repositories has 2051 characters, more than the limit of STS of 2048; use patterns such as team-a/* for several repositories"},
	{"many repositories of any account", match(`"*.dkr.ecr.us-west-2.amazonaws.com"`) + "    roleArn: arn:aws:iam::123456789012:role/me\n    allow: pull\n    " + manyRepositories(30) + "\n", "5:19", "the session policy for 30 repositories has 2051 characters"},
	{"many repositories of any region", match(`"*.dkr.ecr.*.amazonaws.com"`) + "    roleArn: arn:aws:iam::123456789012:role/me\n    allow: pull\n    " + manyRepositories(29) + "\n", "5:19", "the session policy for 29 repositories has 2399 characters"},
	{"repositories of ECR Public", match("public.ecr.aws") + "    roleArn: arn:aws:iam::123456789012:role/me\n    repositories: [team-a/*]\n", "4:19", "repositories is not supported for ECR Public (public.ecr.aws), where pulling requires no permission; remove the key, and limit pushes in the IAM policy of the role"},
	{"allow for an alias", "registries:\n  - match: a.corp.example\n    registry: " + ecr + "\n    allow: pull\n", "4:12", "allow requires a role"},
	{"role settings without a role", rule("externalId: abc"), "2:5", "require a role; add roleArn"},

	{"timeout", "timeout: 5\n", "1:10", `"5" has no unit; write 5s for seconds, or another duration such as 90s, 15m or 1h30m`},
	{"timeout in quotes", `timeout: "30"` + "\n", "1:10", `"30" has no unit; write 30s for seconds`},
	{"timeout with a fraction", "timeout: 1.5\n", "1:10", `"1.5" has no unit; write 1.5s for seconds`},
	{"session length without unit", rule("roleArn: arn:aws:iam::123456789012:role/me", "duration: 3600"), "4:15", `"3600" has no unit; write 3600s for seconds`},
	{"invalid duration", "timeout: soon\n", "1:10", "must be a duration from 1s to 1h0m0s"},
	{"fallback to itself", "fallback: ecr-login\n", "1:11", "it is this helper itself"},
	{"fallback with prefix", "fallback: docker-credential-pass\n", "1:11", "remove the prefix: pass"},
	{"fallback with path", "fallback: /usr/bin/pass\n", "1:11", "the NAME of a program docker-credential-NAME on PATH"},
	{"file as store", "cache: {store: file}\n", "1:16", "tokens are stored in files by default"},
	{"string instead of variables", "cache: {variables: MY_ROLE}\n", "1:20", "variables must be a list of names, such as [VAULT_ROLE, TEAM_*]"},
	{"number instead of a variable", "cache: {variables: [1]}\n", "1:21", "the value must be a string"},
	{"variable with a value", "cache:\n  variables:\n    - HOME\n    - MY_ROLE=dev\n", "4:7", `invalid value "MY_ROLE=dev": must be a variable name, such as VAULT_ROLE`},
	{"variable that starts with a digit", "cache: {variables: [1A]}\n", "1:21", `invalid value "1A": must be a variable name`},
	{"wildcard inside a variable", "cache: {variables: [A_*_B]}\n", "1:21", `invalid value "A_*_B": must be a variable name`},
	{"reference to a variable", "cache: {variables: [$HOME]}\n", "1:21", `invalid value "$HOME": must be a variable name`},
	{"all variables", "cache: {variables: ['*']}\n", "1:21", `invalid value "*": it stands for the whole environment, which differs between terminals`},
	{"duplicate variable", "cache: {variables: [A, B_*, A]}\n", "1:29", `duplicate variable "A"; remove one`},
	{"relative directory", "cache: {dir: tokens}\n", "1:14", "must be an absolute path, or start with ~/"},
}

// TestParseErrors checks that each mistake is reported with position, cause, next step and line.
func TestParseErrors(t *testing.T) {
	for _, tt := range mistakes {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("config.yaml", []byte(tt.content))
			var e *config.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			line := err.Error()
			if !strings.HasPrefix(line, "config.yaml:"+tt.place) || !strings.Contains(line, tt.want) || strings.Contains(line, "\n") || len(line) > 1000 {
				t.Errorf("got %s\nwant %s: %s", line, tt.place, tt.want)
			}
			if lines := strings.Split(tt.content, "\n"); !strings.Contains(lines[e.Line-1], strings.TrimSuffix(strings.TrimSpace(e.Text), "…")) {
				t.Errorf("line %d is reported as %q", e.Line, e.Text)
			}
		})
	}
}

// manyRepositories returns the key repositories with n items.
func manyRepositories(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("team-%02d/*", i)
	}
	return "repositories: [" + strings.Join(items, ", ") + "]"
}

// bomb returns YAML that doubles a list with each line, via aliases.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x]\n")
	for i := 1; i < 60; i++ {
		b.WriteString(strings.NewReplacer("N", string(rune('a'+i%26)), "M", string(rune('a'+(i-1)%26))).Replace("aN: &aN [*aM, *aM]\n"))
	}
	return b.String()
}

// stairs returns n nested mappings, one per line.
func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// manyPatterns returns n rules, each of which applies and must be compared with all rules before it.
func manyPatterns(n int) string {
	var b strings.Builder
	b.WriteString("registries:\n")
	for i := range n {
		fmt.Fprintf(&b, "- match: '*%d.*.*.*.*.*'\n", 100_000+i)
	}
	return b.String()
}
