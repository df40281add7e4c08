package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/internal/jsonfile"
)

// The files of a stored result.
const (
	CellFile        = "cell.yaml"        // the cell: cell.Cell
	ResultFile      = "result.json"      // the figures: Result
	EnvironmentFile = "environment.json" // program and machine: Environment
	MetricsFile     = "metrics.csv"      // one line per epoch: EpochMetrics
	PoisonFile      = "poison.csv"       // one line per poisoned row of the training set
	PredictionsFile = "predictions.bin"  // one byte per probe, in the order of game.Probes: the predicted class
	QueriesFile     = "queries.csv"      // of an attribution: one line per probe that is part of a query, with the guesses
	UnlearnedFile   = "unlearned.bin"    // of an attribution: predictions.bin after each attacker was unlearned, one behind another
	ManifestFile    = "manifest.json"    // the SHA-256 of each of the others: Manifest
)

// Record is a stored result that was found whole.
type Record struct {
	Cell   cell.Cell
	Result Result
	Dir    string // directory of its files

	digests map[string]string // as Manifest.Files
	curve   curve.Request     // as Manifest.Curve
}

// Read checks the stored result of the cell called hash against its manifest and returns it. The error wraps
// ErrNotStored if there is none and ErrBroken if it must not be used; with any other error it could not be
// examined.
func (s *Store) Read(hash string) (*Record, error) { return s.open(hash, Manifest.Check) }

// Glance reads a stored result without comparing all its files with the manifest, which takes long if models
// and images are stored: it checks the cell and the result alone. The errors are those of Read.
func (s *Store) Glance(hash string) (*Record, error) {
	return s.open(hash, func(Manifest, string) error { return nil })
}

// open reads the stored result of a cell after a check of its files.
func (s *Store) open(hash string, check func(m Manifest, dir string) error) (*Record, error) {
	dir := s.Path(hash)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: read %s: %w", dir, ErrNotStored)
	} else if err != nil {
		return nil, fmt.Errorf("store: read: %w", err)
	}
	record, err := readRecord(dir, hash, check)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("store: read: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("store: read %s: %w: %w", dir, ErrBroken, err)
	}
	return record, nil
}

func readRecord(dir, hash string, check func(m Manifest, dir string) error) (*Record, error) {
	var m Manifest
	if err := jsonfile.Read(filepath.Join(dir, ManifestFile), &m); err != nil {
		return nil, err
	}
	if m.Cell != hash {
		return nil, fmt.Errorf("%s is about cell %.12s", ManifestFile, m.Cell)
	}
	if err := check(m, dir); err != nil {
		return nil, err
	}
	record := &Record{Dir: dir, digests: m.Files, curve: m.Curve}
	if err := record.parse(); err != nil {
		return nil, err
	}
	for _, name := range requiredFiles(record.Cell) {
		if _, ok := m.Files[name]; !ok {
			return nil, fmt.Errorf("%s does not list %s", ManifestFile, name)
		}
	}
	if got, want := record.Result.Digest, m.Files[ResultFile]; got != want {
		return nil, fmt.Errorf("%s has the digest %.12s, %s asks for %.12s", ResultFile, got, ManifestFile, want)
	}
	got, err := record.Cell.Hash()
	if err != nil {
		return nil, err
	}
	if got != hash || record.Result.Cell != hash {
		return nil, fmt.Errorf("%s is cell %.12s, %s is of cell %.12s", CellFile, got, ResultFile, record.Result.Cell)
	}
	return record, nil
}

func (r *Record) parse() error {
	data, err := os.ReadFile(filepath.Join(r.Dir, CellFile))
	if err != nil {
		return err
	}
	if r.Cell, err = cell.Parse(data); err != nil {
		return err
	}
	r.Result, err = ReadResult(r.Dir)
	return err
}

// requiredFiles lists the files that the manifest of a result of the cell must list.
func requiredFiles(c cell.Cell) []string {
	names := []string{CellFile, ResultFile, PredictionsFile}
	if c.Attribution != nil {
		names = append(names, QueriesFile, UnlearnedFile)
	}
	return names
}

// Predictions reads the class that the model predicts for each probe, in the order of game.Probes.
func (r *Record) Predictions() ([]uint8, error) {
	return r.readPredictions(PredictionsFile)
}

// readPredictions reads one of the files of predictions.
func (r *Record) readPredictions(name string) ([]uint8, error) {
	predicted, err := os.ReadFile(filepath.Join(r.Dir, name))
	if err != nil {
		return nil, fmt.Errorf("store: read predictions: %w", err)
	}
	return predicted, nil
}

// Environment reads the program and the machine that trained the cell.
func (r *Record) Environment() (Environment, error) {
	var e Environment
	if err := jsonfile.Read(filepath.Join(r.Dir, EnvironmentFile), &e); err != nil {
		return Environment{}, fmt.Errorf("store: read environment: %w", err)
	}
	return e, nil
}
