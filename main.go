// Backfire plays the multi-agent backdoor game. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"backfire/cli"
)

// collectAt is the growth of the heap, in percent, after which garbage is collected, unless GOGC says
// otherwise. The program mostly waits, and the memory of its machine belongs to the trainings.
const collectAt = 40

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], cli.SystemIO())
	stop()
	os.Exit(code)
}
