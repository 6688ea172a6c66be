// Command pause is what the images of these tests contain, and the process that holds a pod's namespaces: it waits until
// it is told to end.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT) // a first process is not ended by them otherwise
	<-told
}
