package docs_test

import (
	"testing"

	"ecrlogin/config"
)

// TestConfigurationExample checks that the first example of configuration.md is valid.
func TestConfigurationExample(t *testing.T) {
	c, err := config.Parse("config.yaml", []byte(block(t, read(t, "configuration.md"), "configuration")))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Registries) != 3 || c.Fallback == "" {
		t.Errorf("the configuration has %d rules and the fallback %q", len(c.Registries), c.Fallback)
	}
}
