package verify

import (
	"context"
	"fmt"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/inference"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/disk"
)

// Check is the outcome of one check of a stored result or summary.
type Check struct {
	Name string
	Note string // what was compared; empty where the check failed
	Err  error  // why the check failed, or wraps ErrUnchecked: it could not be made; nil: neither
}

// Verifier derives stored results again from their cells and compares. It needs images where they
// lie, and worker processes for results with a model.
type Verifier struct {
	inference.StoredModels
}

// verification is one stored result on its way through the checks. What a check finds is nil for
// the next ones if the check failed.
type verification struct {
	*Verifier
	hash    string
	dir     disk.Dir // of the stored result
	scratch string   // an empty directory

	manifest    *store.Manifest
	cell        *cell.Cell
	result      *store.Result
	environment *store.Environment
	source      datasets.Source // of set
	set         *datasets.Set
	deal        *worker.Deal // the game, dealt again
	predicted   []uint16
	score       *game.Score
	epochs      []store.EpochMetrics
	answered    *answered // by the stored model
}

// Verify makes all checks of the result called hash and reports each to report, in a fixed order.
// Models and images are checked if they are stored. The error means that the checks could not be
// made; it wraps runner.ErrInterrupted when ctx ends. A failed check is no error.
func (v *Verifier) Verify(ctx context.Context, hash string, report func(Check)) error {
	scratch, err := disk.NewScratch()
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer scratch.Close()
	c := &verification{Verifier: v, hash: hash, dir: v.Store.Files().Sub(hash), scratch: scratch.Path()}
	for _, check := range c.checks() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("verify: %w: %w", runner.ErrInterrupted, err)
		}
		note, err := check.do(ctx)
		if err != nil {
			note, err = "", judged(err)
		}
		report(Check{check.name, note, err})
	}
	return nil
}

// namedCheck is a check that returns its note or why it failed.
type namedCheck struct {
	name string
	do   func(context.Context) (string, error)
}

// checks returns all checks in their order: each may use what the earlier ones found.
func (c *verification) checks() []namedCheck {
	return []namedCheck{
		{"cell", c.checkCell},
		{"manifest", c.checkManifest},
		{"result", c.checkResult},
		{"environment", c.checkEnvironment},
		{"data", c.checkData},
		{"deal", c.checkDeal},
		{"poisoned rows", c.checkPoison},
		{"predictions", c.checkPredictions},
		{"metrics", c.checkMetrics},
		{"figures", c.checkFigures},
		{"single ASRs", c.checkSingles},
		{"artefacts", c.checkArtefacts},
		{"model", c.checkModel},
		{"divergences", c.checkDivergences},
		{"rankings", c.checkRankings},
		{"detections", c.checkDetections},
		{"learning curve", c.checkCurve},
		{"inquiry", c.checkAttribution},
	}
}
