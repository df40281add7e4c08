// Setup installs what backfire needs for its build beside Go modules: libtorch, and a copy of the gotch bindings that is adapted to
// it. Both are in the user's cache directory, which all clones share. In the clone, setup writes go.work and
// torchbridge/libtorch_flags.go. After that go build, go test and gopls work without environment variables.
//
// Run it in the clone with make setup, or
//
//	GOWORK=off go run ./scripts/setup
//
// It can be interrupted and repeated at any time: a file or directory with its final name is complete.
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
		err = errors.New("interrupted; nothing incomplete is in use: run it once more to resume")
	}
	fmt.Fprintln(os.Stderr, "setup:", err)
	os.Exit(1)
}

// runMain reads the settings of this process and runs the set-up, or only checks whether it is needed.
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
