// Command hello is the program in the images of the end-to-end tests. It prints a greeting.
package main

import "fmt"

func main() { fmt.Println("hello from a container") }
