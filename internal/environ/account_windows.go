package environ

// accountHome is not needed, because USERPROFILE is always set.
func accountHome() string { return "" }
