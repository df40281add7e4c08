package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/internal/words"
)

// estimateSweep estimates the training cost of a sweep, and measures where needed.
func estimateSweep(ctx context.Context, estimator estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
	return estimator.Estimate(ctx, sweep)
}

// estimateLine is a line of --json before the first training.
type estimateLine struct {
	Event string `json:"event"` // "estimate"
	*estimate.Estimate
}

// showEstimate shows the training cost of a sweep: on standard output with --dry-run or
// --json, otherwise on standard error.
func showEstimate(opts *SweepOptions, e *estimate.Estimate) error {
	if opts.JSON {
		if err := json.NewEncoder(opts.IO.Out).Encode(estimateLine{"estimate", e}); err != nil {
			return fmt.Errorf("write the estimate: %w", err)
		}
		return nil
	}
	out := opts.IO.ErrOut
	if opts.DryRun {
		out = opts.IO.Out
	}
	if _, err := io.WriteString(out, estimateText(e)); err != nil && opts.DryRun {
		return fmt.Errorf("write the estimate: %w", err)
	}
	return nil
}

// estimateText returns an estimate as text.
func estimateText(e *estimate.Estimate) string {
	var text strings.Builder
	tell(&text, "%s to train, %d stored", words.Plural(e.Models, "model"), e.Stored)
	if e.Models > 0 {
		tell(&text, ": %d steps, %d images, %s with %s at a time", e.Steps, e.Images, timeRange(e), words.Plural(e.Workers, "training"))
		if e.Devices > 1 {
			tell(&text, " on %d GPUs", e.Devices)
		}
	}
	text.WriteByte('\n')
	if e.SurrogateImages > 0 {
		tell(&text, "Adversarial triggers train a surrogate for each attacker of each model first: %d images through small networks, in addition.\n", e.SurrogateImages)
	}
	if e.UpperBound {
		text.WriteString("Steps, images and time are the most: train.stop_when may end a training early.\n")
	}
	if e.AtMost > e.Models {
		tell(&text, "Up to %d models if triggers do not work alone and are redrawn.\n", e.AtMost)
	}
	text.WriteString(trialsText(e.Trials, e.Workers/max(1, e.Devices)))
	for _, speed := range e.Speeds {
		source := "measured now"
		if speed.Source == estimate.SpeedStored {
			source = "from the store"
		}
		batch := fmt.Sprintf("batch %d", speed.Batch)
		if speed.Precision != "" {
			batch += " in " + speed.Precision
		}
		if speed.Defense != "" {
			batch += " with " + speed.Defense
		}
		tell(&text, "  %s on %d x %d x %d, %s: %s images/s per training, %s (%s)\n",
			speed.Network, speed.Shape.C, speed.Shape.H, speed.Shape.W, batch, speedRange(speed), source, words.Plural(speed.Models, "model"))
	}
	return text.String()
}

// timeRange returns the time that a sweep takes, as a range where the speeds of one shape differ.
func timeRange(e *estimate.Estimate) string {
	least, most := words.Duration(words.Seconds(e.SecondsAtLeast)), words.Duration(words.Seconds(e.SecondsAtMost))
	if least == most {
		return "about " + least
	}
	return least + " to " + most
}

// speedRange returns the images per second of a shape, as a range where they differ.
func speedRange(speed estimate.Speed) string {
	slowest, fastest := fmt.Sprintf("%.0f", speed.Slowest), fmt.Sprintf("%.0f", speed.Fastest)
	if slowest == fastest {
		return slowest
	}
	return slowest + " to " + fastest
}

// trialsText returns the measurements by which the number of models that are trained at a
// time on a GPU was chosen; empty if it was not chosen.
func trialsText(trials []estimate.Trial, chosen int) string {
	if len(trials) == 0 {
		return ""
	}
	var measured []string
	for _, trial := range trials {
		measured = append(measured, fmt.Sprintf("%.0f with %d", trial.ImagesPerSecond, trial.Models))
	}
	return fmt.Sprintf("%s at a time: measured now, in images/s of all together, %s.\n", words.Plural(chosen, "training"), strings.Join(measured, ", "))
}
