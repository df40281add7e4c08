// Gpucheck compares, on a CUDA GPU, the ways in which backfire trains: steps whose
// operations are launched one by one, steps recorded as a CUDA graph, and several models
// side by side. First it checks that all of them end with the same weights. Then it
// measures their speed, and that of PyTorch's step: eager, compiled and as a CUDA graph.
//
// It writes JSON to its standard output. Without a GPU it reports that and succeeds.
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
	steps, most int
	limit       time.Duration
	python      string
}

// parseOptions returns the options that the arguments set.
func parseOptions(args []string, errOut io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("gpu-check", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.IntVar(&o.steps, "steps", 200, "steps of each measurement")
	flags.IntVar(&o.most, "models", 16, "largest number of models side by side; 1, 2, 4, ... are measured")
	flags.DurationVar(&o.limit, "limit", 8*time.Minute, "time after which no measurement begins, and those of PyTorch are stopped")
	flags.StringVar(&o.python, "python", pythonOf(os.Getenv("BACKFIRE_PYTHON"), os.Getenv("LIBTORCH")), "Python with PyTorch")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.steps < 1 || o.most < 1 || o.limit <= 0 {
		return o, fmt.Errorf("-steps %d -models %d -limit %s: all must be above 0", o.steps, o.most, o.limit)
	}
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
		device:  device.String(), precisions: precisions(env, device),
	}
	if err := session.check(8, 20); err != nil {
		return err
	}
	if err := session.measure(ctx); err != nil {
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

// precisions returns the precisions that a device has, fp32 first.
func precisions(env hardware.Env, device hardware.Device) []string {
	var all []string
	for _, precision := range []string{hardware.FP32, hardware.TF32, hardware.BF16} {
		if env.CheckPrecision(precision, device) == nil {
			all = append(all, precision)
		}
	}
	return all
}
