package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"backfire/experiments/cell"
)

// The files of a stored result.
const (
	CellFile        = "cell.yaml"        // what was trained: Cell
	ResultFile      = "result.json"      // what came out: Result
	EnvironmentFile = "environment.json" // where it ran: Environment
	MetricsFile     = "metrics.csv"      // one line per epoch
	PoisonFile      = "poison.csv"       // one line per poisoned row of the training set
	PredictionsFile = "predictions.bin"  // one byte per probe, in the order of game.Probes: the predicted class
	QueriesFile     = "queries.csv"      // of an inquiry: one line per probe asked with, and whose it was taken for
	UnlearnedFile   = "unlearned.bin"    // of an inquiry: predictions.bin after each attacker was unlearned, one behind another
	ManifestFile    = "manifest.json"    // the SHA-256 of each of the others; of ResultFile its digest
)

// Record is a stored result that was found whole.
type Record struct {
	Cell   cell.Cell
	Result Result
	Dir    string // where its files lie

	digests map[string]string // as manifest.Files
}

// manifest is the content of ManifestFile. ResultFile has its digest in place of
// a sum over all its bytes: what the file says of its run is completed when more
// single games are stored, by replacing that file alone.
type Manifest struct {
	Cell  string            `json:"cell"`  // the cell's hash
	Files map[string]string `json:"files"` // path within the directory, with slashes -> SHA-256, hexadecimal
}

// Read checks the stored result of the cell called hash against its manifest
// and returns it. The error wraps ErrNotStored when there is none and
// ErrBroken when it must not be used; other errors say that it could not be
// looked at.
func (s *Store) Read(hash string) (*Record, error) { return s.open(hash, CheckSums) }

// open reads the stored result of a cell, and its files with a check of them if
// that is not nil.
func (s *Store) open(hash string, check func(dir string, m Manifest) error) (*Record, error) {
	dir := s.Path(hash)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("experiments: read %s: %w", dir, ErrNotStored)
	} else if err != nil {
		return nil, fmt.Errorf("experiments: read: %w", err)
	}
	record, err := readRecord(dir, hash, check)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("experiments: read: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("experiments: read %s: %w: %w", dir, ErrBroken, err)
	}
	return record, nil
}

func readRecord(dir, hash string, check func(dir string, m Manifest) error) (*Record, error) {
	var m Manifest
	if err := ReadJSON(filepath.Join(dir, ManifestFile), &m); err != nil {
		return nil, err
	}
	if m.Cell != hash {
		return nil, fmt.Errorf("%s is about cell %.12s", ManifestFile, m.Cell)
	}
	if check != nil {
		if err := check(dir, m); err != nil {
			return nil, err
		}
	}
	record := &Record{Dir: dir, digests: m.Files}
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

// checkSums compares the files of a result with its manifest, but for ResultFile,
// see checkDigests.
func CheckSums(dir string, m Manifest) error {
	for name, want := range m.Files {
		if name == ResultFile {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("%s lists %q, which is not a file of this result", ManifestFile, name)
		}
		got, err := fileSum(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s does not fit its SHA-256", name)
		}
	}
	return nil
}

// leastFiles are those that a stored result of the cell cannot do without.
func requiredFiles(c cell.Cell) []string {
	names := []string{CellFile, ResultFile, PredictionsFile}
	if c.Attribution != nil {
		names = append(names, QueriesFile, UnlearnedFile)
	}
	return names
}

// Predictions reads the class that the model predicts for each probe, in the
// order of game.Probes.
func (r *Record) Predictions() ([]uint8, error) {
	return r.read(PredictionsFile)
}

// read reads one of the files of predictions.
func (r *Record) read(name string) ([]uint8, error) {
	predicted, err := os.ReadFile(filepath.Join(r.Dir, name))
	if err != nil {
		return nil, fmt.Errorf("experiments: read predictions: %w", err)
	}
	return predicted, nil
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

// readResult reads the result in a directory and compares it with its digests.
func ReadResult(dir string) (Result, error) {
	path := filepath.Join(dir, ResultFile)
	var version struct {
		Format int `json:"format"`
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Result{}, err
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Result{}, fmt.Errorf("parse %s: %w", path, err)
	}
	if version.Format != ResultFormat {
		return Result{}, fmt.Errorf("%s has format %d, this program reads %d", ResultFile, version.Format, ResultFormat)
	}
	var result Result
	if err := parseJSON(path, data, &result); err != nil {
		return Result{}, err
	}
	written, err := CompactJSON(result)
	if err != nil {
		return Result{}, err
	}
	var read bytes.Buffer
	if err := json.Compact(&read, data); err != nil {
		return Result{}, fmt.Errorf("parse %s: %w", path, err)
	}
	if !bytes.Equal(written, read.Bytes()) {
		return Result{}, fmt.Errorf("%s is not as it was written", ResultFile)
	}
	return result, checkDigests(data)
}

// WriteManifest sums up the files of dir.
func WriteManifest(dir, hash string) error {
	result, err := ReadResult(dir)
	if err != nil {
		return err
	}
	names, err := ListFiles(dir)
	if err != nil {
		return err
	}
	m := Manifest{Cell: hash, Files: map[string]string{ResultFile: result.Digest}}
	for _, name := range names {
		if name == ResultFile {
			continue
		}
		if m.Files[name], err = fileSum(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return WriteJSON(filepath.Join(dir, ManifestFile), m)
}

// filesOf lists the files of dir and the directories in it, with slashes.
func ListFiles(dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

func fileSum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
