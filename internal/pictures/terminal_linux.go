package main

import "ecrlogin/internal/ptytest"

var showTerminal = ptytest.Show
