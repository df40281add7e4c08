package export

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"backfire/datasets"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// Format is a form of the exported images.
type Format string

// The formats.
const (
	NPZ           Format = "npz"           // arrays of numpy
	ImageFolder   Format = "imagefolder"   // PNG files in a folder per class
	BackdoorBench Format = "backdoorbench" // the attack_result.pt that BackdoorBench's defenses load
	Parquet       Format = "parquet"       // tables with PNG images, and a Croissant description
)

// Formats returns all formats in the order of their names in the help.
func Formats() []Format { return []Format{NPZ, ImageFolder, BackdoorBench, Parquet} }

// The errors of an export.
var (
	// ErrFormat marks a format that does not exist.
	ErrFormat = errors.New("unknown format")
	// ErrExists marks a directory that an export would be written over.
	ErrExists = errors.New("exists already")
	// ErrNotExportable marks a model that a format cannot hold.
	ErrNotExportable = errors.New("cannot be exported")
)

// ParseFormat returns the format with a name. The error wraps [ErrFormat].
func ParseFormat(name string) (Format, error) {
	if f := Format(name); slices.Contains(Formats(), f) {
		return f, nil
	}
	names := make([]string, len(Formats()))
	for i, f := range Formats() {
		names[i] = string(f)
	}
	return "", fmt.Errorf("export: format %q: %w: write %s", name, ErrFormat, strings.Join(names, ", "))
}

// Model is a stored model whose game has been dealt anew.
type Model struct {
	record    *store.Record
	deal      *worker.Deal
	predicted []uint8 // by probe
}

// New deals the game of a stored model on the images of its cell. The error is that of worker.NewDeal, or
// that of reading the stored predictions.
func New(set *datasets.Set, record *store.Record) (*Model, error) {
	deal, err := worker.NewDeal(set, record.Cell)
	if err != nil {
		return nil, fmt.Errorf("export: deal: %w", err)
	}
	predicted, err := record.Predictions()
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if len(predicted) != deal.Probes.N {
		return nil, fmt.Errorf("export: %s has %d predictions for %d probes: %w", record.Dir, len(predicted), deal.Probes.N, store.ErrBroken)
	}
	return &Model{record: record, deal: deal, predicted: predicted}, nil
}

// Hash returns the hash of the model's cell.
func (m *Model) Hash() string { return m.record.Result.Cell }

// partMark is the end of the name of a directory that is not complete yet.
const partMark = ".part"

// Write writes the model's images in a format into a new directory. A directory that appears under its name
// is complete, unless the machine lost power just then: to sync each of many small files would take far longer
// than to write them, and an export can be repeated. The error wraps [ErrExists] if there is something under that name, and [ErrNotExportable] if
// the format cannot hold the model.
func (m *Model) Write(dir string, format Format) error {
	parent, name := disk.Split(dir)
	if _, err := parent.Stat(name); err == nil {
		return fmt.Errorf("export: %s: %w", dir, ErrExists)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("export: %w", err)
	}
	part := name + partMark
	err := parent.RemoveAll(part) // of an export that was interrupted
	if err == nil {
		err = parent.MkdirAll(part)
	}
	if err == nil {
		err = m.fill(parent.Sub(part), name, format)
	}
	if err == nil {
		err = parent.Rename(part, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("export: %w", err), parent.RemoveAll(part))
	}
	return nil
}

// fill writes all files of an export called name into an empty directory.
func (m *Model) fill(dir disk.Dir, name string, format Format) error {
	var err error
	switch format {
	case NPZ:
		err = m.writeArrays(dir)
	case ImageFolder:
		err = m.writeFolders(dir)
	case BackdoorBench:
		err = m.writeBackdoorBench(dir, name)
	case Parquet:
		err = m.writeParquet(dir)
	default:
		err = fmt.Errorf("format %q: %w", format, ErrFormat)
	}
	if err != nil {
		return err
	}
	return errors.Join(
		m.deal.WriteArtefacts(dir.Path("."), store.Artefacts{Triggers: true}.Of(m.record.Cell)),
		m.copyFiles(dir),
		jsonfile.WriteIn(dir, DescriptionFile, m.describe(format)))
}

// copyFiles copies the cell, the result and, if it is stored, the model.
func (m *Model) copyFiles(dir disk.Dir) error {
	names := []string{store.CellFile, store.ResultFile}
	if m.record.Artefacts().Model {
		names = append(names, store.ModelFile)
	}
	from := disk.In(m.record.Dir)
	for _, name := range names {
		if err := from.CopyTo(name, dir); err != nil {
			return err
		}
	}
	return nil
}

// inDir creates a file below a directory, with the directories that it takes, and fills it by write.
func inDir(dir disk.Dir, name string, write func(io.Writer) error) error {
	if parent := path.Dir(name); parent != "." {
		if err := dir.MkdirAll(parent); err != nil {
			return err
		}
	}
	return writeTo(dir, name, write)
}
