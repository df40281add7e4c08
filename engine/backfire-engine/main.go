// Backfire-engine trains models on libtorch for the program backfire, which starts it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"backfire/engine"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := engine.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
