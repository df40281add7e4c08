// Setup puts everything that backfire needs to be built and does not come through Go modules in its place: libtorch, and a copy
// of the gotch bindings adapted to it. Both live in the user's cache directory, shared by all clones; in the clone it writes
// go.work and torchbridge/libtorch_flags.go, after which plain go build, go test and gopls work without environment variables.
//
// Run it in the clone with make setup, or
//
//	GOWORK=off go run ./scripts/setup
//
// It may be interrupted and repeated at any time: what has its final name is whole.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := runMain(ctx)
	stop()
	if err == nil {
		return
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted; nothing half-made is left in use, run it again to go on")
	}
	fmt.Fprintln(os.Stderr, "setup:", err)
	os.Exit(1)
}

// runMain reads the settings of this process and runs the set-up, or only looks whether it is needed.
func runMain(ctx context.Context) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	s, err := parseSettings(os.Args[1:], os.Getenv, root, os.Stderr)
	if err != nil {
		return err
	}
	if s.check {
		return checkReady(s)
	}
	return newSetup(s).run(ctx)
}
