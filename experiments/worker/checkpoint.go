package worker

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/safetensors"
)

// CheckpointFormat is the version of checkpoint files. It also rises when the program trains the
// same cell to other bits, because a training must resume with the arithmetic that it began with.
const CheckpointFormat = 2

var (
	// errNoCheckpoint reports that there is no checkpoint to resume from.
	errNoCheckpoint = errors.New("no checkpoint")
	// errCheckpoint marks a checkpoint that must not be used.
	errCheckpoint = errors.New("unusable checkpoint")
)

// checkpoint holds all that a training needs to resume after an epoch as if it had never stopped.
// The order of the rows in later epochs follows from the cell.
type checkpoint struct {
	cell    string        // hash
	machine store.Machine // that trained
	epochs  []store.EpochMetrics
	curve   curve.Request // that the scores of epochs answer
	removed []int         // rows that the cell's filter removed; nil without a filter
	state   State
}

// The keys of a checkpoint's metadata.
const (
	metaFormat  = "format"  // CheckpointFormat
	metaCell    = "cell"    // hash
	metaMachine = "maker"   // store.Machine, as JSON
	metaEpochs  = "epochs"  // []store.EpochMetrics, as JSON
	metaCurve   = "curve"   // curve.Request, as JSON; missing without a learning curve
	metaRemoved = "removed" // the removed rows, as JSON; missing without a filter
	metaStep    = "step"    // completed steps of the optimiser
)

// The prefixes of a checkpoint's tensors.
const (
	modelPrefix     = "model/"
	optimizerPrefix = "optimizer/"
)

// writeCheckpoint writes a checkpoint to a file, whole or not at all: it writes a draft in dir, which
// must be on the same file system, syncs it, calls drafted and renames it. The file is in the
// safetensors format, followed by the SHA-256 of all of it.
func writeCheckpoint(to source, dir string, c checkpoint, drafted func()) error {
	work := disk.In(dir)
	err := func() error {
		content, err := c.content()
		if err != nil {
			return err
		}
		file, err := work.Create(store.CheckpointFile)
		if err != nil {
			return err
		}
		sum := sha256.New()
		writeErr := safetensors.Write(io.MultiWriter(file, sum), content)
		if writeErr == nil {
			_, writeErr = file.Write(sum.Sum(nil))
		}
		if err := errors.Join(writeErr, file.Sync(), file.Close()); err != nil {
			return err
		}
		drafted()
		if err := work.MoveTo(store.CheckpointFile, to.dir, to.name); err != nil {
			return err
		}
		return to.dir.Sync(path.Dir(to.name))
	}()
	if err != nil {
		return fmt.Errorf("worker: write checkpoint: %w", err)
	}
	return nil
}

// content returns the checkpoint as tensors with metadata.
func (c checkpoint) content() (safetensors.File, error) {
	machine, err := json.Marshal(c.machine)
	if err != nil {
		return safetensors.File{}, err
	}
	epochs, err := json.Marshal(c.epochs)
	if err != nil {
		return safetensors.File{}, err
	}
	file := safetensors.File{Metadata: map[string]string{
		metaFormat: strconv.Itoa(CheckpointFormat), metaCell: c.cell,
		metaMachine: string(machine), metaEpochs: string(epochs), metaStep: strconv.Itoa(c.state.Step),
	}}
	if c.curve != (curve.Request{}) {
		curve, err := json.Marshal(c.curve)
		if err != nil {
			return safetensors.File{}, err
		}
		file.Metadata[metaCurve] = string(curve)
	}
	if c.removed != nil {
		removed, err := json.Marshal(c.removed)
		if err != nil {
			return safetensors.File{}, err
		}
		file.Metadata[metaRemoved] = string(removed)
	}
	for _, part := range []struct {
		prefix  string
		tensors []safetensors.Tensor
	}{{modelPrefix, c.state.Model}, {optimizerPrefix, c.state.Optimizer}} {
		for _, t := range part.tensors {
			t.Name = part.prefix + t.Name
			file.Tensors = append(file.Tensors, t)
		}
	}
	return file, nil
}

// readCheckpoint returns the checkpoint in a file. The error wraps errNoCheckpoint when there is
// none. It wraps errCheckpoint and names the file when the checkpoint is damaged, of another cell,
// or of a machine that gives other bits than this one.
func readCheckpoint(from source, here store.Machine) (*checkpoint, error) {
	file, err := from.dir.Open(from.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errNoCheckpoint
	case errors.Is(err, disk.ErrLink) || errors.Is(err, disk.ErrNotRegular):
		return nil, fmt.Errorf("worker: read checkpoint: %w: %w", errCheckpoint, err)
	case err != nil:
		return nil, fmt.Errorf("worker: read checkpoint: %w", err)
	}
	defer file.Close()
	c, err := parseCheckpoint(file)
	switch {
	case err != nil:
	case c.cell != from.hash:
		err = fmt.Errorf("it is of cell %.12s", c.cell)
	case !c.machine.SameBits(here):
		err = errors.New("it was made with another engine, on another kind of device or processor, or with other threads")
	}
	if err != nil {
		return nil, fmt.Errorf("worker: read %s: %w: %w", from.path(), errCheckpoint, err)
	}
	return c, nil
}

// parseCheckpoint reads a checkpoint and checks its SHA-256.
func parseCheckpoint(file *os.File) (*checkpoint, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size() - sha256.Size
	if size < 0 {
		return nil, errors.New("it is truncated")
	}
	sum := sha256.New()
	content, err := safetensors.Read(io.TeeReader(io.LimitReader(file, size), sum), size)
	if err != nil {
		return nil, err
	}
	stored := make([]byte, sha256.Size)
	if _, err := file.ReadAt(stored, size); err != nil {
		return nil, err
	}
	if !bytes.Equal(sum.Sum(nil), stored) {
		return nil, errors.New("it does not match its SHA-256")
	}
	return newCheckpoint(content)
}

// newCheckpoint decodes a checkpoint from tensors with metadata.
func newCheckpoint(file safetensors.File) (*checkpoint, error) {
	if format := file.Metadata[metaFormat]; format != strconv.Itoa(CheckpointFormat) {
		return nil, fmt.Errorf("it has format %q", format)
	}
	c := &checkpoint{cell: file.Metadata[metaCell]}
	var err error
	if c.state.Step, err = strconv.Atoi(file.Metadata[metaStep]); err != nil {
		return nil, fmt.Errorf("step: %w", err)
	}
	if err := json.Unmarshal([]byte(file.Metadata[metaMachine]), &c.machine); err != nil {
		return nil, fmt.Errorf("machine: %w", err)
	}
	if err := json.Unmarshal([]byte(file.Metadata[metaEpochs]), &c.epochs); err != nil {
		return nil, fmt.Errorf("epochs: %w", err)
	}
	if text, ok := file.Metadata[metaCurve]; ok {
		if err := json.Unmarshal([]byte(text), &c.curve); err != nil {
			return nil, fmt.Errorf("curve: %w", err)
		}
	}
	if text, ok := file.Metadata[metaRemoved]; ok {
		if err := json.Unmarshal([]byte(text), &c.removed); err != nil {
			return nil, fmt.Errorf("removed: %w", err)
		}
	}
	for _, t := range file.Tensors {
		var ok bool
		if t.Name, ok = strings.CutPrefix(t.Name, modelPrefix); ok {
			c.state.Model = append(c.state.Model, t)
		} else if t.Name, ok = strings.CutPrefix(t.Name, optimizerPrefix); ok {
			c.state.Optimizer = append(c.state.Optimizer, t)
		}
	}
	return c, nil
}
