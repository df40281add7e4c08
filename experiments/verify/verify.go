package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/inference"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// Check is one line of a verification.
type Check struct {
	Name string
	Note string // what was compared; empty where it failed
	Err  error  // why it failed; nil: it did not
}

// ErrUnchecked marks a check that could not be made because an earlier one
// failed.
var ErrUnchecked = errors.New("not checked")

// Verifier derives stored results again from their cells and compares.
type Verifier struct {
	inference.StoredModels
}

// verification is one stored result on its way through the checks. What a check
// has found is nil for the next ones if it failed.
type verification struct {
	*Verifier
	hash, dir string
	scratch   string // an empty directory

	manifest    *store.Manifest
	cell        *cell.Cell
	result      *store.Result
	environment *store.Environment
	source      datasets.Source // of set
	set         *datasets.Set
	again       *worker.Session // the game, dealt again
	predicted   []uint8
	score       *game.Score
	last        *store.EpochMetrics
	answered    *answered // by the stored model
}

// Verify makes all checks of one stored result and tells of each. Models and
// images are checked where they are stored. The error says that the checks could
// not be made at all; a failed check is no error.
func (v *Verifier) Verify(ctx context.Context, hash string, tell func(Check)) error {
	scratch, err := os.MkdirTemp("", "backfire-verify-")
	if err != nil {
		return fmt.Errorf("experiments: verify: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }() // a temporary directory may stay
	c := &verification{Verifier: v, hash: hash, dir: v.Store.Path(hash), scratch: scratch}
	for _, check := range []struct {
		name string
		do   func(context.Context) (string, error)
	}{
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
		{"inquiry", c.checkInquiry},
	} {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("experiments: verify: %w: %w", runner.ErrInterrupted, err)
		}
		note, err := check.do(ctx)
		if err != nil {
			note = ""
		}
		tell(Check{check.name, note, err})
	}
	return nil
}

// path is that of a file of the result.
func (c *verification) path(name string) string {
	return filepath.Join(c.dir, filepath.FromSlash(name))
}

// unchecked is the error of a check that needs what an earlier one did not give.
func unchecked(what string) error {
	return fmt.Errorf("%w: %s is missing or wrong", ErrUnchecked, what)
}

func (c *verification) checkCell(context.Context) (string, error) {
	text, err := os.ReadFile(c.path(store.CellFile))
	if err != nil {
		return "", err
	}
	cell, err := cell.Parse(text)
	if err != nil {
		return "", err
	}
	hash, err := cell.Hash()
	if err != nil {
		return "", err
	}
	if hash != c.hash {
		return "", fmt.Errorf("%s hashes to %.12s", store.CellFile, hash)
	}
	c.cell = &cell
	return "its hash is the name of the result", nil
}

// checkManifest compares every file with its sum, and looks for files that have
// none.
func (c *verification) checkManifest(context.Context) (string, error) {
	var m store.Manifest
	if err := jsonfile.Read(c.path(store.ManifestFile), &m); err != nil {
		return "", err
	}
	if m.Cell != c.hash {
		return "", fmt.Errorf("it is about cell %.12s", m.Cell)
	}
	c.manifest = &m
	errs := []error{m.Check(c.dir)}
	names, err := disk.Files(c.dir)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if _, ok := m.Files[name]; !ok && name != store.ManifestFile {
			errs = append(errs, fmt.Errorf("%s is not in it", name))
		}
	}
	for _, name := range []string{store.CellFile, store.ResultFile, store.EnvironmentFile, store.MetricsFile, store.PoisonFile, store.PredictionsFile} {
		if _, ok := m.Files[name]; !ok {
			errs = append(errs, fmt.Errorf("it does not list %s", name))
		}
	}
	return fmt.Sprintf("%d files fit their SHA-256", len(m.Files)), errors.Join(errs...)
}

func (c *verification) checkResult(context.Context) (string, error) {
	result, err := store.ReadResult(c.dir)
	if err != nil {
		return "", err
	}
	if result.Cell != c.hash {
		return "", fmt.Errorf("%s is of cell %.12s", store.ResultFile, result.Cell)
	}
	if c.manifest != nil && c.manifest.Files[store.ResultFile] != result.Digest {
		return "", fmt.Errorf("%s asks for the digest %.12s, %s has %.12s", store.ManifestFile, c.manifest.Files[store.ResultFile], store.ResultFile, result.Digest)
	}
	c.result = &result
	return "it fits its digests", nil
}

func (c *verification) checkEnvironment(context.Context) (string, error) {
	var e store.Environment
	if err := jsonfile.Read(c.path(store.EnvironmentFile), &e); err != nil {
		return "", err
	}
	if e.Format != store.ResultFormat {
		return "", fmt.Errorf("%s has format %d instead of %d", store.EnvironmentFile, e.Format, store.ResultFormat)
	}
	c.environment = &e
	return fmt.Sprintf("trained by backfire %s with %s %s on %s", e.Program.Version, e.Engine.Name, e.Engine.Version, e.Device), nil
}
