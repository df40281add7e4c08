package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m, playParent)) }

// playParent runs the tiny plan in this process, with one worker. It prints the events as lines of
// JSON.
func playParent(dir string, f enginetest.Fault) error {
	plan, err := enginetest.Plan()
	if err != nil {
		return err
	}
	store, err := store.Open(dir)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(os.Stdout)
	runner := &runner.Runner{
		Store: store, Command: enginetest.Command(f), Workers: 1, Threads: 1, Device: "cpu",
		Observer: worker.ObserverFunc(func(e worker.Event) {
			if err := lines.Encode(e); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}),
	}
	_, err = runner.Run(context.Background(), plan.Cells)
	return err
}
