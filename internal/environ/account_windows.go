package environ

// accountHome is not needed, because USERPROFILE is always set.
func accountHome() string { return "" }

// AccountName returns "", because there is no account database in a file.
func AccountName() string { return "" }
