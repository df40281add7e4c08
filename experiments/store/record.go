package store

import (
	"errors"
	"fmt"
	"io/fs"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// The files of a stored result.
const (
	CellFile        = "cell.yaml"        // the cell: cell.Cell
	ResultFile      = "result.json"      // the figures: Result
	EnvironmentFile = "environment.json" // program and machine: Environment
	MetricsFile     = "metrics.csv"      // one line per epoch: EpochMetrics
	PoisonFile      = "poison.csv"       // one line per poisoned row of the training set
	PredictionsFile = "predictions.bin"  // the predicted class of each probe, in the order of game.Probes, as datasets.EncodeLabels encodes labels
	QueriesFile     = "queries.csv"      // of an attribution: one line per probe that is part of a query, with the guesses
	UnlearnedFile   = "unlearned.bin"    // of an attribution: predictions.bin after each attacker was unlearned, one behind another
	ManifestFile    = "manifest.json"    // the SHA-256 of each of the others: Manifest
)

// Record is a stored result that was found whole.
type Record struct {
	Cell   cell.Cell
	Result Result
	Dir    string // directory of its files

	at      disk.Dir          // of its files; zero: Dir
	digests map[string]string // as Manifest.Files
	curve   curve.Request     // as Manifest.Curve
}

// files returns the directory of the record's files.
func (r *Record) files() disk.Dir {
	if r.at == (disk.Dir{}) {
		return disk.In(r.Dir)
	}
	return r.at
}

// Read checks the stored result of the cell called hash against its manifest and returns it. The error wraps
// ErrNotStored if there is none and ErrBroken if it must not be used; with any other error it could not be
// examined.
func (s *Store) Read(hash string) (*Record, error) { return s.open(hash, Manifest.Check) }

// Glance reads a stored result without comparing all its files with the manifest, which takes long if models
// and images are stored: it checks the cell and the result alone. The errors are those of Read.
func (s *Store) Glance(hash string) (*Record, error) {
	return s.open(hash, func(Manifest, disk.Dir) error { return nil })
}

// ReadFigures reads a stored result and compares its files with the manifest, except artefacts, which may be
// large. The errors are those of Read.
func (s *Store) ReadFigures(hash string) (*Record, error) {
	return s.open(hash, func(m Manifest, dir disk.Dir) error { return m.withoutArtefacts().Check(dir) })
}

// open reads the stored result of a cell after a check of its files.
func (s *Store) open(hash string, check func(m Manifest, dir disk.Dir) error) (*Record, error) {
	dir := s.Path(hash)
	if _, err := s.files.Stat(hash); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: read %s: %w", dir, ErrNotStored)
	} else if err != nil {
		return nil, fmt.Errorf("store: read: %w", err)
	}
	record, err := readRecord(s.files.Sub(hash), hash, check)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("store: read: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("store: read %s: %w: %w", dir, ErrBroken, err)
	}
	return record, nil
}

func readRecord(dir disk.Dir, hash string, check func(m Manifest, dir disk.Dir) error) (*Record, error) {
	var m Manifest
	if err := jsonfile.ReadIn(dir, ManifestFile, &m); err != nil {
		return nil, err
	}
	if m.Cell != hash {
		return nil, fmt.Errorf("%s is about cell %.12s", ManifestFile, m.Cell)
	}
	if err := check(m, dir); err != nil {
		return nil, err
	}
	record := &Record{Dir: dir.Path("."), at: dir, digests: m.Files, curve: m.Curve}
	if err := record.parse(); err != nil {
		return nil, err
	}
	for _, name := range record.requiredFiles() {
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
	if err := record.Result.fits(record.Cell); err != nil {
		return nil, err
	}
	return record, nil
}

func (r *Record) parse() error {
	data, err := r.files().ReadFile(CellFile, disk.MaxRecord)
	if err != nil {
		return err
	}
	if r.Cell, err = cell.Parse(data); err != nil {
		return err
	}
	r.Result, err = ReadResult(r.files())
	return err
}

// requiredFiles lists the files that the manifest of the result must list.
func (r *Record) requiredFiles() []string {
	names := []string{CellFile, ResultFile, PredictionsFile}
	if r.Cell.Attribution != nil {
		names = append(names, QueriesFile, UnlearnedFile)
	}
	if !r.Result.HasPairs() {
		names = append(names, pairsFile)
	}
	return names
}

// Environment reads the program and the machine that trained the cell.
func (r *Record) Environment() (Environment, error) {
	e, err := readEnvironment(r.files())
	if err != nil {
		return Environment{}, fmt.Errorf("store: read environment: %w", err)
	}
	return e, nil
}
