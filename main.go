// Backfire plays the multi-agent backdoor game. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"backfire/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], cli.SystemIO())
	stop()
	os.Exit(code)
}
