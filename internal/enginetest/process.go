package enginetest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"backfire/experiments/worker"
)

// Main is the TestMain of packages whose tests start worker processes: the test
// binary is the program of the workers, too. Parent, if not nil, is what a process in
// RoleParent does with a fault and the directory of a store.
func Main(m *testing.M, parent func(dir string, f Fault) error) {
	role := os.Getenv(RoleVariable)
	if role == "" {
		code := m.Run()
		_ = os.RemoveAll(PristineDir) // a temporary directory may stay
		os.Exit(code)
	}
	f, err := FaultOf(os.Getenv(FaultVariable))
	switch {
	case err != nil:
	case role == RoleParent:
		err = parent(os.Getenv(StoreVariable), f)
	default:
		w := &worker.Worker{Engine: FaultyEngine{Engine: Engine{}, Fault: f}, Load: Loader}
		err = w.Run(context.Background(), os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
