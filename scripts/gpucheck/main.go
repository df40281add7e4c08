// Gpucheck compares, on a CUDA GPU, the ways in which backfire trains: steps whose
// operations are launched one by one, steps recorded as a CUDA graph, and several models
// side by side. First it checks that all of them end with the same weights. Then it
// measures their speed and memory, the most important first, and those of PyTorch's step:
// eager, compiled and as a CUDA graph, with the times of its kernels.
//
// It writes JSON to its standard output at the end, and with -out to a file after each
// part, so that a run that is ended leaves what it has. Without a GPU it reports that and succeeds.
// Without a PyTorch with CUDA it leaves the measurements of PyTorch out.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"backfire/internal/hardware"
	"backfire/torchbridge"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "gpu-check:", err)
		os.Exit(1)
	}
}

// options are the program's flags.
type options struct {
	steps          int
	widths, models numbers // models side by side, in rising order
	precisions     *words
	norms          *words
	limit          time.Duration
	python, out    string
	noPyTorch      bool
}

// parseOptions returns the options that the arguments set.
func parseOptions(args []string, errOut io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("gpu-check", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.IntVar(&o.steps, "steps", 200, "steps of each measurement")
	o.widths, o.models, o.precisions, o.norms = newLists()
	flags.Var(&o.widths, "widths", "widths of the networks, the most important first")
	flags.Var(&o.models, "models", "numbers of models side by side")
	flags.Var(o.precisions, "precisions", "precisions, the most important first, as far as the device has them")
	flags.Var(o.norms, "norm", "normalisations, the most important first: fused with the update, which trainings take; libtorch's native and cudnn to compare")
	flags.StringVar(&o.out, "out", "", "file that the JSON is written to after each part; empty: none")
	flags.BoolVar(&o.noPyTorch, "no-pytorch", false, "leave out PyTorch's side")
	flags.DurationVar(&o.limit, "limit", 8*time.Minute, "time after which no measurement begins, and those of PyTorch are stopped")
	flags.StringVar(&o.python, "python", pythonOf(os.Getenv("BACKFIRE_PYTHON"), os.Getenv("LIBTORCH")), "Python with PyTorch")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.steps < 1 || o.limit <= 0 {
		return o, fmt.Errorf("-steps %d -limit %s: both must be above 0", o.steps, o.limit)
	}
	slices.Sort(o.models)
	return o, nil
}

// run carries out the whole check and writes its outcome. The error names the checks that
// failed.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	o, err := parseOptions(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	device, env, err := gpu()
	if err != nil {
		fmt.Fprintln(errOut, "gpu-check: skipped:", err)
		return nil
	}
	session := session{
		options: o, until: time.Now().Add(o.limit), errOut: errOut,
		outcome: outcome{Device: fmt.Sprintf("%s, libtorch %s", env.GPUs[device].Name, env.Version), Checks: []check{}, Notices: []string{}, Findings: []finding{}, LeftOut: []string{}},
		device:  device.String(), number: int(device), precisions: precisions(env, device, o.precisions.list),
	}
	if err := session.check(8, 20); err != nil {
		return err
	}
	if err := session.measure(ctx); err != nil {
		return err
	}
	if err := session.part(); err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(session.outcome); err != nil {
		return err
	}
	return session.verdict()
}

// gpu returns the first CUDA device and the description of libtorch.
func gpu() (hardware.Device, hardware.Env, error) {
	env, err := torchbridge.Environment()
	if err != nil {
		return hardware.CPU, env, err
	}
	device, err := hardware.Choose("cuda", len(env.GPUs), env.Variant)
	return device, env, err
}

// precisions returns those of some precisions that a device has, in their order.
func precisions(env hardware.Env, device hardware.Device, wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(precision string) bool { return env.CheckPrecision(precision, device) != nil })
}
