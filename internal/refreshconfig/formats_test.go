package refreshconfig

import (
	"strings"
	"testing"
)

// TestMistakesInJSON checks positions and errors in JSON files.
func TestMistakesInJSON(t *testing.T) {
	check := "; check commas, colons, quotes and brackets"
	for _, tt := range []struct{ name, content, place, want string }{
		{"empty", "", "1:1", "interval is missing; set how often files and Secrets are written again, for example: interval: 30m"},
		{"list", "[]", "1:1", "the configuration must be a mapping with keys: interval, kubernetes, listen, registries"},
		{"unknown key", "{\n\t\"interval\": \"30m\",\n\t\"registres\": 1\n}", "3:2", `unknown key "registres"; did you mean registries?`},
		{"duplicate key", `{"interval": "30m", "INTERVAL": "31m"}`, "1:21", `duplicate key "interval"; remove one`},
		{"characters", `{"é": "ü", "interval": 30}`, "1:2", `unknown key "é"; valid keys of the configuration: interval, kubernetes, listen, registries`},
		{"column in characters", `{"listen": "é"}`, "1:12", `invalid value "é": must be HOST:PORT, such as :3277 or 127.0.0.1:3277, or off for no HTTP server`},
		{"number as interval", `{"interval" : 30}`, "1:15", `duration "30" has no unit; write 30s for seconds, or another duration such as 90s, 15m or 1h30m`},
		{"account as float", "{\"registries\": [\n{\"registryId\": 1.23456789012e11}]}", "2:16", `invalid value "1.23456789012e11": must be an AWS account ID, which has 12 digits`},
		{"account with a leading zero", "{\"registries\": [\n{\"registryId\": 012345678901}]}", "2:17", "invalid JSON: invalid character '1' after object key:value pair" + check},
		{"decimal mode", `{"registries": [{"mode": 416}]}`, "1:26", `invalid value "416": the mode has no leading zero; write "0416", or "0640" if it is decimal`},
		{"null", `{"interval": null}`, "1:14", "missing value; set one, or remove the key"},
		{"Boolean", `{"kubernetes": {"lease": {"disabled": "true"}}}`, "1:39", "the value must be true or false"},
		{"no comma", "{\"a\": 1\n\"b\": 2}", "2:1", "invalid JSON: invalid character '\"' after object key:value pair" + check},
		{"trailing comma", `{"interval": "30m",}`, "1:20", "invalid JSON: invalid character '}' looking for beginning of object key string" + check},
		{"comment", "{\n// comment\n}", "2:1", "invalid JSON: invalid character '/' looking for beginning of object key string" + check},
		{"unterminated", "{\"interval\": \"30m\"\n", "1:19", "invalid JSON: unexpected end of JSON input" + check},
		{"unterminated string", `{"interval": "30m`, "1:17", "invalid JSON: unexpected end of JSON input" + check},
		{"two values", "{}\n{}", "2:1", "invalid JSON: invalid character '{' after top-level value" + check},
		{"YAML", "interval: 30m\n", "1:1", "invalid JSON: invalid character 'i' looking for beginning of value" + check},
		{"invalid UTF-8", "{\"interval\": \"\xff\"}", "1:15", "invalid UTF-8; save the file as UTF-8"},
		{"control character", "{\"interval\": \"3\x000m\"}", "1:16", "unsupported control character; remove it"},
		{"nested", strings.Repeat("[", 500) + strings.Repeat("]", 500), "1:17", "more than 16 levels of nesting; remove brackets"},
		{"large", strings.Repeat(" ", 1<<20+1), "1:1", "the file has 1048577 bytes, more than the limit of 1048576; shorten it"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantMistake(t, "/config.json", tt.content, tt.place, tt.want) })
	}
}

// TestMistakesInTOML checks positions and errors in TOML files.
func TestMistakesInTOML(t *testing.T) {
	for _, tt := range []struct{ name, content, place, want string }{
		{"empty", "", "1:1", "interval is missing; set how often files and Secrets are written again, for example: interval: 30m"},
		{"unknown key", "interval = '30m'\nregistres = 1\n", "2:1", `unknown key "registres"; did you mean registries?`},
		{"duplicate key", "interval = '30m'\nInterval = '31m'\n", "2:1", `duplicate key "interval"; remove one`},
		{"duplicate table", "[kubernetes]\n[kubernetes]\n", "2:2", `duplicate key "kubernetes"; remove one`},
		{"table and array", "[[registries]]\n[registries]\n", "2:2", `duplicate key "registries"; remove one`},
		{"array and table", "registries = []\n[[registries]]\n", "2:3", `duplicate key "registries"; remove one`},
		{"value and table", "interval = '30m'\n[interval.a]\n", "2:2", `duplicate key "interval"; remove one`},
		{"value and dotted key", "interval = '30m'\ninterval.a = 1\n", "2:1", `duplicate key "interval"; remove one`},
		{"letter case and table", "[[registries]]\nregistry = 'public.ecr.aws'\npasswordFile = '/a'\n[[Registries]]\n", "4:3", `duplicate key "registries"; remove one`},
		{"number as interval", "interval = 30\n", "1:12", `duration "30" has no unit; write 30s for seconds, or another duration such as 90s, 15m or 1h30m`},
		{"date", "interval = 2026-01-02\n", "1:12", `invalid value "2026-01-02": must be a duration from 1s to 12h0m0s, such as 90s, 15m or 1h30m`},
		{"account with underscores", "[[registries]]\nregistryId = 123_456_789_012\n", "2:14", `invalid value "123_456_789_012": must be an AWS account ID, which has 12 digits`},
		{"account with a leading zero", "[[registries]]\nregistryId = 012345678901\n", "2:14", `invalid TOML: integers cannot have leading zeroes; correct this line`},
		{"decimal mode", "[[registries]]\nmode = 416\n", "2:8", `invalid value "416": the mode has no leading zero; write "0416", or "0640" if it is decimal`},
		{"list instead of text", "listen = [\n':3277']\n", "1:1", "the value must be a string; enclose it in quotes"},
		{"no value", "interval =\n", "1:11", "invalid TOML: unexpected character U+000A at start of value; correct this line"},
		{"unterminated", "registries = [\n", "1:15", "invalid TOML: array is incomplete; correct this line"},
		{"invalid UTF-8", "interval = '\xff'\n", "1:13", "invalid UTF-8; save the file as UTF-8"},
		{"nested arrays", "registries = " + strings.Repeat("[", 500) + strings.Repeat("]", 500), "1:1", "more than 16 levels of nesting; remove brackets"},
		{"nested tables", strings.Repeat("a.", 50) + "a = 1\n", "1:33", "more than 16 levels of nesting; remove brackets"},
		{"nested headers", "[" + strings.Repeat("a.", 50) + "a]\n", "1:36", "more than 16 levels of nesting; remove brackets"},
		{"deeply nested arrays", "registries = " + strings.Repeat("[", 500_000), "1:10014", "invalid TOML: arrays and inline tables are nested more than the maximum of 10000 levels deep; correct this line"},
		{"large", strings.Repeat(" ", 1<<20+1), "1:1", "the file has 1048577 bytes, more than the limit of 1048576; shorten it"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantMistake(t, "/config.toml", tt.content, tt.place, tt.want) })
	}
}

// TestOtherFormats checks the formats that only the sidecar reads.
func TestOtherFormats(t *testing.T) {
	for _, ext := range []string{".hcl", ".properties", ".props", ".prop"} {
		wantMistake(t, "/config"+ext, "interval=30m\n", "1:1", "the format "+ext+" is not supported; use YAML, JSON or TOML")
	}
}
