//go:build !linux

package scripttest

import (
	"fmt"
	"os"
)

func terminal() {
	fmt.Fprintln(os.Stderr, "terminals are supported on Linux only")
	os.Exit(1)
}
