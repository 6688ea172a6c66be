package docker_test

import (
	"fmt"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/docker"
	"ecrlogin/internal/awstest"
)

// A Go program that uses go-containerregistry can use the Helper as a keychain, without a helper on PATH.
func Example_keychain() {
	transport, stop := standIn() // for AWS and the registry; a real program does not need it
	defer stop()

	keychain := authn.NewKeychainFromHelper(&docker.Helper{Source: &aws.Source{}})

	image, err := random.Image(1024, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	ref := name.MustParseReference("123456789012.dkr.ecr.us-west-2.amazonaws.com/hello:v1")
	err = remote.Write(ref, image, remote.WithAuthFromKeychain(keychain), remote.WithTransport(transport))
	fmt.Println("pushed:", err)
	_, err = remote.Head(ref, remote.WithAuthFromKeychain(keychain), remote.WithTransport(transport))
	fmt.Println("there:", err)
	_, err = remote.Head(ref, remote.WithTransport(transport))
	fmt.Println("rejected without the keychain:", err != nil)
	// Output:
	// pushed: <nil>
	// there: <nil>
	// rejected without the keychain: true
}

// standIn starts the stand-in for AWS and configures the SDK to use it.
func standIn() (transport http.RoundTripper, stop func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	cloud, err := awstest.Start(awstest.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	os.Setenv("AWS_ENDPOINT_URL", cloud.URL)
	os.Setenv("AWS_ACCESS_KEY_ID", awstest.KeyID)
	os.Setenv("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
	return cloud.Client().Transport, func() {
		cloud.Close()
		os.RemoveAll(dir)
	}
}
