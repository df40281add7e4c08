package verify

import (
	"context"
	"errors"
	"fmt"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// checkCell compares the hash of the cell with the name of the result.
func (c *verification) checkCell(context.Context) (string, error) {
	text, err := c.dir.ReadFile(store.CellFile, disk.MaxRecord)
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

// checkManifest compares every file with its SHA-256, and looks for files that are not listed.
func (c *verification) checkManifest(context.Context) (string, error) {
	var m store.Manifest
	if err := jsonfile.ReadIn(c.dir, store.ManifestFile, &m); err != nil {
		return "", err
	}
	if m.Cell != c.hash {
		return "", fmt.Errorf("it is about cell %.12s", m.Cell)
	}
	c.manifest = &m
	errs := []error{m.Check(c.dir)}
	names, err := c.dir.Files(".")
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
	return fmt.Sprintf("%d files match their SHA-256", len(m.Files)), errors.Join(errs...)
}

// checkResult reads the result and compares its digests.
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
	return "it matches its digests", nil
}

// checkEnvironment reads the environment of the training.
func (c *verification) checkEnvironment(context.Context) (string, error) {
	e, err := (&store.Record{Dir: c.dir.Path(".")}).Environment()
	if err != nil {
		return "", err
	}
	if e.Format != store.ResultFormat {
		return "", fmt.Errorf("%s has format %d instead of %d", store.EnvironmentFile, e.Format, store.ResultFormat)
	}
	c.environment = &e
	return fmt.Sprintf("trained by backfire %s with %s %s on %s", e.Program.Version, e.Engine.Name, e.Engine.Version, e.Device), nil
}
