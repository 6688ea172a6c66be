package trustedpath

// Check returns nil: on Windows the file mode does not contain the permissions.
func Check(string) error { return nil }
