// Command hello is what the images of the end-to-end tests contain: one static
// file which says that it ran.
package main

import "fmt"

func main() { fmt.Println("hello from a container") }
