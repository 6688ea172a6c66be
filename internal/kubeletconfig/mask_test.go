package kubeletconfig

import "testing"

// TestMasked checks that possible secrets are hidden in all notations, and that other text is shown.
func TestMasked(t *testing.T) {
	for _, tt := range []struct{ before, want string }{
		{"- name: KEY\n  value: hunter2\n- name: a\n", "- name: KEY\n  value: (hidden)\n- name: a\n"},
		{"- value: |\n    hunter2\n\n    hunter3\n  name: a\n", "- value: (hidden)\n    (hidden)\n\n    (hidden)\n  name: a\n"},
		{"- value: \"hunter2\n    hunter3\"\n- name: a", "- value: (hidden)\n    (hidden)\n- name: a"},
		{"- {name: KEY, value: hunter2}\n- {value: hunter2, name: a}\n", "- {name: KEY, value: (hidden)\n- {value: (hidden)\n"},
		{"- \"value\" : 'hunter2'\r\n- name: a\r\n", "- \"value\" : (hidden)\r\n- name: a\r\n"},
		{"{\n  \"name\": \"a\",\n  \"value\": \"hunter2\"\n}\n", "{\n  \"name\": \"a\",\n  \"value\": (hidden)\n}\n"},
		{"{\n  \"value\":\n    \"hunter2\"\n}\n", "{\n  \"value\":\n    (hidden)\n}\n"},
		{`{"env":[{"name":"KEY","value":"hunter2"}],"args":[]}`, `{"env":[{"name":"KEY","value":(hidden)`},
		{"{\"env\":[{\"name\":\"KEY\",\"value\":\n\"hunter2\"}],\n\"args\":[]}", "{\"env\":[{\"name\":\"KEY\",\"value\":\n(hidden)\n\"args\":[]}"},
		{"{\"v\\u0061lue\": \"hunter2\"}", "{\"v\\u0061lue\": (hidden)"},
		{"- value: \"a\\\"\nhunter2\"\n- name: a\n", "- value: (hidden)\n(hidden)\n- name: a\n"},
		{"- {value: 'it''s\n# hunter2', name: a}\n", "- {value: (hidden)\n(hidden)name: a}\n"},
		{"- {name: KEY, value: hunter2\n hunter3}\n- name: a\n", "- {name: KEY, value: (hidden)\n (hidden)\n- name: a\n"},
		{"- {value: hunter2\n }\n# b\n\n- c\n", "- {value: (hidden)\n }\n# b\n\n- c\n"},
		{"- {ü: 1, value: hunter2\n ,name: a}\n", "- {ü: 1, value: (hidden)\n ,name: a}\n"},
		{"- ? value\n  : hunter2\n- name: a\n", "- ? value\n  : (hidden)\n- name: a\n"},
		{"- name: value\n  value: hunter2\n# one\n- value: >-\n   x\n   # hunter2\n", "- name: value\n  value: (hidden)\n# one\n- value: (hidden)\n   (hidden)\n   (hidden)\n"},
		{"- value:\n  name: a\n", "- value:\n  name: a\n"},
		{"args:\n- --client-secret=hunter2\n- --v=3\n", "args:\n- --client-secret=(hidden)\n- --v=3\n"},
		{"args:\n- \"--client-secret=a hunter2\"\r\n- --token\r\n- hunter2\r\n- --v=3\n", "args:\n- \"--client-secret=(hidden)\r\n- --token\r\n- (hidden)\r\n- --v=3\n"},
		{"serviceAccountTokenAudience: sts.amazonaws.com\ndefaultValue: 1\n", "serviceAccountTokenAudience: sts.amazonaws.com\ndefaultValue: 1\n"},
		{" \n", " \n"},
	} {
		if got := string((&File{Content: []byte(tt.before)}).Masked()); got != tt.want {
			t.Errorf("%q\nis %q\nwant %q", tt.before, got, tt.want)
		}
	}
	if new(File).Masked() != nil {
		t.Error("the text of a missing file is not nil")
	}
}
