// Command pause is the program in the images of these tests, and the process that holds a pod's namespaces. It waits
// for a signal to exit.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT) // by default, they do not end the first process of a PID namespace
	<-stop
}
