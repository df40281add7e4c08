package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/hardware"
	"backfire/internal/words"
	"backfire/report"
	"backfire/triggers"
)

// TriggerOptions are the options of "trigger".
type TriggerOptions struct {
	IO     *IOStreams
	Config config.Options
	Dir    string // directory of the pictures, created if it does not exist
	First  int    // number of attackers, from 0 on
	Scale  int    // side of a pixel in the pictures

	// Load loads the dataset.
	Load func(context.Context, datasets.Source) (*datasets.Set, error)
}

// newCmdTrigger returns the command that draws pictures of the attackers'
// triggers.
func newCmdTrigger(streams *IOStreams, runF func(context.Context, *TriggerOptions) error) *cobra.Command {
	opts := &TriggerOptions{IO: streams, Load: loading(streams)}
	cmd := &cobra.Command{
		Use:   "trigger",
		Short: "Draw pictures of the attackers' triggers",
		Long: `Draw the triggers of the first attackers of the largest game that a run with the same
settings would play: each alone, transparent where it leaves the image unchanged, and on
the first held-out image of its attacker.`,
		Example: `  backfire trigger --preset quick --out pictures
  backfire trigger --dataset cifar10 --seed 7 --p 0.4 --first 10`,
		Args: arguments(),
	}
	flags := addKeys(cmd, presetKeys, "seed", "data.", "pool.", "deal.", "attackers.", "trigger.")
	pathVar(cmd.Flags(), streams, &opts.Dir, "out", "", "triggers", "directory for the pictures")
	config.IntVar(cmd.Flags(), &opts.First, "first", 5, "draw the triggers of the first `K` attackers")
	config.IntVar(cmd.Flags(), &opts.Scale, "scale", 8, "side of one pixel of the images in the pictures")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		opts.Config = flags.Options(streams.Environ)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runTrigger(cmd.Context(), opts)
	}
	return cmd
}

func runTrigger(ctx context.Context, opts *TriggerOptions) error {
	if opts.First < 1 {
		return Usagef("trigger: --first %d: must be at least 1", opts.First)
	}
	if opts.Scale < 1 {
		return Usagef("trigger: --scale %d: must be at least 1", opts.Scale)
	}
	resolved, err := config.Load(opts.Config)
	if err != nil {
		return err
	}
	set, err := opts.Load(ctx, plan.SourceOf(resolved.Config))
	if err != nil {
		return err
	}
	g, err := largestGame(resolved.Config, set)
	if err != nil {
		return err
	}
	rules := g.Rules()
	if jitter := resolved.Config.Trigger.Jitter; jitter == 1 {
		return Usagef("trigger: trigger.jitter = 1: attackers have no trigger of their own to draw: choose one below 1")
	}
	if rules.Sampling != game.PerAgent {
		return Usagef("trigger: trigger.sampling = %s: attackers have no trigger of their own to draw: choose trigger.sampling=%s", rules.Sampling, game.PerAgent)
	}
	if err := os.MkdirAll(opts.Dir, 0o755); err != nil {
		return fmt.Errorf("trigger: make the directory for the pictures: %w", err)
	}
	rows := [][]string{{"ATTACKER", "LABEL", "TRIGGER", "BOX", "PIXELS", "ALONE", "ON AN IMAGE"}}
	for i, trigger := range g.Triggers()[:min(opts.First, len(rules.Attackers))] {
		attacker := rules.Attackers[i]
		alone := filepath.Join(opts.Dir, fmt.Sprintf("attacker-%d.png", attacker.ID))
		stamped := filepath.Join(opts.Dir, fmt.Sprintf("attacker-%d-on-image.png", attacker.ID))
		if err := writePicture(alone, func(w io.Writer) error { return trigger.WritePNG(w, opts.Scale) }); err != nil {
			return err
		}
		source := g.Deal().Attackers[i].HeldOut[0]
		img, onImage := set.Image(source), g.TriggerOf(i, source)
		if err := writePicture(stamped, func(w io.Writer) error { return triggers.WriteStampedPNG(w, onImage, img, opts.Scale) }); err != nil {
			return err
		}
		rows = append(rows, []string{
			strconv.Itoa(attacker.ID), words.Class(set.Classes[attacker.Target], attacker.Target), trigger.ID(), trigger.Box.String(),
			strconv.Itoa(trigger.Pixels()), alone, stamped,
		})
	}
	if err := writeTable(opts.IO.Out, rows); err != nil {
		return err
	}
	text := shownf("\nSeed %d, on %s. Readings: %s.\n", rules.Seed, set.Name, report.ReadingsText(cell.ReadingsOf(rules)))
	return write(opts.IO.Out, text)
}

// largestGame deals the game of a configuration with the most attackers.
func largestGame(cfg config.Config, set *datasets.Set) (*game.Game, error) {
	cfg.Train.Precision = hardware.FP32 // triggers do not depend on it
	plan, err := plan.New(cfg, set)
	if errors.Is(err, cell.ErrPlan) {
		return nil, &UsageError{Err: err}
	}
	if err != nil {
		return nil, err
	}
	var rules game.Rules
	for _, cell := range plan.Cells {
		if len(cell.Game.Attackers) > len(rules.Attackers) {
			rules = cell.Game
		}
	}
	return game.New(set, rules)
}

// writePicture writes the output of draw to a file.
func writePicture(path string, draw func(io.Writer) error) error {
	return writeWhole(path, "trigger: write the picture", draw)
}
