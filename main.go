// Backfire plays the multi-agent backdoor game. See README.md.
package main

import (
	"context"
	"os"

	"backfire/cli"
)

func main() {
	ctx, stop := cli.WithSignals(context.Background(), os.Exit)
	code := cli.Main(ctx, os.Args[1:], cli.SystemIO())
	stop()
	os.Exit(code)
}
