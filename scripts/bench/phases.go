package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"backfire/experiments/store"
)

// benchPhases plays one game of the quick preset with the whole program and prints the share of
// each phase.
func benchPhases(ctx context.Context, o options, out, errOut io.Writer) error {
	st, err := os.MkdirTemp("", "backfire-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(st) }() // a temporary directory may stay
	run := exec.CommandContext(ctx, o.program, "run", "--preset", "quick", "--attackers", "2", "--set", "attackers.singles=0",
		"--workers", "1", "--device", "cpu", "--store", st)
	run.Stderr = errOut
	if err := run.Run(); err != nil {
		return fmt.Errorf("%s run: %w", o.program, err)
	}
	found, err := filepath.Glob(filepath.Join(st, "*", store.ResultFile))
	if err != nil || len(found) != 1 {
		return errors.Join(fmt.Errorf("one game left %d results", len(found)), err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		return err
	}
	var result store.Result
	if err := json.Unmarshal(text, &result); err != nil {
		return fmt.Errorf("%s: %w", found[0], err)
	}
	timing := result.Provenance
	fmt.Fprintf(out, "\nOne game of the quick preset (N = 2), %.1f s, %.0f images/s, peak memory %.0f MiB. Phases:\n",
		timing.TotalSeconds, timing.ImagesPerSecond, float64(timing.PeakMemory)/(1<<20))
	for _, phase := range store.Phases() {
		fmt.Fprintf(out, "  %-9s %8.3f s  %5.1f %%\n", phase, timing.Seconds[phase], 100*timing.Seconds[phase]/timing.TotalSeconds)
	}
	return nil
}
