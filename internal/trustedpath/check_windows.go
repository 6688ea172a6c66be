package trustedpath

// Check returns nil: who may change a file is not in its mode here.
func Check(string) error { return nil }
