// Package program contains the names of the programs and of their files.
package program

const (
	// Helper is the name in the configuration of container clients: the NAME of docker-credential-NAME.
	Helper = "ecr-login"
	// Command is the name of the executable.
	Command = "docker-credential-" + Helper
	// Provider is the name of the executable as the kubelet's credential provider.
	Provider = "ecr-credential-provider"
	// Refresh is the name of the executable that writes passwords to files and Kubernetes Secrets.
	Refresh = "ecr-token-refresh"
	// ConfigFile is the configuration file in a user's configuration directory.
	ConfigFile = Helper + "/config.yaml"
	// SystemConfig is the configuration file of all users, and the default of the provider, which has no HOME.
	SystemConfig = "/etc/" + ConfigFile
	// K3sConfig and K3sBin are the default paths of k3s and RKE2 for credential providers.
	K3sConfig = "/var/lib/rancher/credentialprovider/config.yaml"
	K3sBin    = "/var/lib/rancher/credentialprovider/bin"
)
