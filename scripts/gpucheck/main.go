// Gpucheck compares, on a CUDA GPU, the training step launched operation by
// operation with the one recorded as a CUDA graph: first that both end with the
// same weights, then how fast they are, one model alone and several side by side.
//
// It writes JSON to its standard output. Without a GPU it says so and ends well.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"time"

	"backfire/hardware"
	"backfire/torchbridge"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "gpu-check:", err)
		os.Exit(1)
	}
}

// finding is what was measured of one way to train.
type finding struct {
	Width           int     `json:"width"`
	Mode            string  `json:"mode"` // eager or graph
	Models          int     `json:"models"`
	Seconds         float64 `json:"seconds"`
	StepsPerSecond  float64 `json:"model_steps_per_second"` // of all models together
	ImagesPerSecond float64 `json:"images_per_second"`
}

// outcome is the whole of what the check writes.
type outcome struct {
	Device     string    `json:"device"`
	SameBits   bool      `json:"graph_equals_eager"` // weights after an epoch
	SideBySide bool      `json:"side_by_side_equals_alone"`
	Notices    []string  `json:"notices"`
	Findings   []finding `json:"findings"`
}

func run(args []string, out, errOut io.Writer) error {
	flags := flag.NewFlagSet("gpu-check", flag.ContinueOnError)
	flags.SetOutput(errOut)
	steps := flags.Int("steps", 200, "steps of each measurement")
	most := flags.Int("models", 8, "most models side by side; 1, 2, 4, ... are measured")
	limit := flags.Duration("limit", 8*time.Minute, "no further measurement is begun after this time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	device, err := gpu()
	if err != nil {
		fmt.Fprintln(errOut, "gpu-check: skipped:", err)
		return nil
	}
	result := outcome{Device: device.String(), Notices: []string{}}
	if err := result.check(); err != nil {
		return err
	}
	if err := result.measure(*steps, *most, time.Now().Add(*limit)); err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return err
	}
	if !result.SameBits || !result.SideBySide {
		return fmt.Errorf("the ways to train differ: graph equals eager: %t, side by side equals alone: %t", result.SameBits, result.SideBySide)
	}
	return nil
}

// gpu is the first CUDA device.
func gpu() (hardware.Device, error) {
	env, err := torchbridge.Environment()
	if err != nil {
		return hardware.CPU, err
	}
	return hardware.Choose("cuda", len(env.GPUs), env.Variant)
}

// check trains the same small model in every way.
func (o *outcome) check() error {
	const width, steps = 8, 20
	eager, err := trained(job{device: o.Device, width: width, steps: steps, eager: true})
	if err != nil {
		return err
	}
	note := func(message string) { o.Notices = append(o.Notices, message) }
	graph, err := trained(job{device: o.Device, width: width, steps: steps, notice: note})
	if err != nil {
		return err
	}
	o.SameBits = reflect.DeepEqual(eager.state, graph.state)
	both, err := together(2, job{device: o.Device, width: width, steps: steps})
	if err != nil {
		return err
	}
	o.SideBySide = reflect.DeepEqual(both[0].state, graph.state) && reflect.DeepEqual(both[1].state, graph.state)
	return nil
}

// measure times both ways alone, then the graph with more and more models.
func (o *outcome) measure(steps, most int, until time.Time) error {
	for _, width := range []int{8, 16, 64} {
		for models := 1; models <= most; models *= 2 {
			for _, mode := range []string{"eager", "graph"} {
				if mode == "eager" && models > 1 || time.Now().After(until) {
					continue
				}
				runs, err := together(models, job{device: o.Device, width: width, steps: steps, eager: mode == "eager"})
				if err != nil {
					return err
				}
				found := finding{Width: width, Mode: mode, Models: models}
				for _, r := range runs {
					found.Seconds = max(found.Seconds, r.seconds)
				}
				found.StepsPerSecond = float64(models*steps) / found.Seconds
				found.ImagesPerSecond = found.StepsPerSecond * batch
				o.Findings = append(o.Findings, found)
			}
		}
	}
	return nil
}
