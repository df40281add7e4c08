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
	"path/filepath"
	"strconv"
	"strings"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/safetensors"
)

// CheckpointFormat is the version of checkpoint files. It rises too when the
// program trains the same cell to other bits: a training goes on only with the
// arithmetic that it began with.
const CheckpointFormat = 2

var (
	// errNoCheckpoint says that a training has to begin at the beginning.
	errNoCheckpoint = errors.New("no checkpoint")
	// errCheckpoint says that a checkpoint must not be used.
	errCheckpoint = errors.New("unusable checkpoint")
)

// checkpoint is all that a training needs to go on after an epoch as if it had
// never stopped. The orders of the epochs to come follow from the cell.
type checkpoint struct {
	cell   string // hash
	maker  store.Machine
	epochs []store.EpochMetrics // those that are over
	state  State
}

// The keys of a checkpoint's metadata.
const (
	metaFormat = "format" // CheckpointFormat
	metaCell   = "cell"   // hash
	metaMaker  = "maker"  // maker, as JSON
	metaEpochs = "epochs" // []EpochMetrics, as JSON
	metaStep   = "step"   // optimiser steps done
)

// The prefixes of a checkpoint's tensors.
const (
	modelPrefix     = "model/"
	optimizerPrefix = "optimizer/"
)

// writeCheckpoint puts a checkpoint at path, whole or not at all: it writes a
// draft in dir, which must be on the same file system, syncs it and renames it.
// The file is in the safetensors format, followed by the SHA-256 of all of it.
func writeCheckpoint(path, dir string, c checkpoint) error {
	draft := filepath.Join(dir, store.CheckpointFile)
	err := func() error {
		content, err := c.content()
		if err != nil {
			return err
		}
		file, err := os.OpenFile(draft, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, disk.FileMode)
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
		if err := os.Rename(draft, path); err != nil {
			return err
		}
		return disk.Sync(filepath.Dir(path))
	}()
	if err != nil {
		return fmt.Errorf("experiments: write checkpoint: %w", err)
	}
	return nil
}

// content is the checkpoint as tensors with metadata.
func (c checkpoint) content() (safetensors.File, error) {
	maker, err := json.Marshal(c.maker)
	if err != nil {
		return safetensors.File{}, err
	}
	epochs, err := json.Marshal(c.epochs)
	if err != nil {
		return safetensors.File{}, err
	}
	file := safetensors.File{Metadata: map[string]string{
		metaFormat: strconv.Itoa(CheckpointFormat), metaCell: c.cell,
		metaMaker: string(maker), metaEpochs: string(epochs), metaStep: strconv.Itoa(c.state.Step),
	}}
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

// readCheckpoint returns the checkpoint at path. The error wraps errNoCheckpoint
// when there is none and errCheckpoint when it is damaged or not of this cell
// and maker; it names the file then.
func readCheckpoint(path, cell string, by store.Machine) (*checkpoint, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoCheckpoint
	}
	if err != nil {
		return nil, fmt.Errorf("experiments: read checkpoint: %w", err)
	}
	defer file.Close()
	c, err := parseCheckpoint(file)
	switch {
	case err != nil:
	case c.cell != cell:
		err = fmt.Errorf("it is of cell %.12s", c.cell)
	case !c.maker.SameBits(by):
		err = errors.New("it was made with another engine, on another kind of device or with other threads")
	}
	if err != nil {
		return nil, fmt.Errorf("experiments: read %s: %w: %w", path, errCheckpoint, err)
	}
	return c, nil
}

// parseCheckpoint reads a checkpoint and compares its checksum.
func parseCheckpoint(file *os.File) (*checkpoint, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size() - sha256.Size
	if size < 0 {
		return nil, errors.New("it is cut off")
	}
	sum := sha256.New()
	content, err := safetensors.Read(io.TeeReader(io.LimitReader(file, size), sum), size)
	if err != nil {
		return nil, err
	}
	want := make([]byte, sha256.Size)
	if _, err := file.ReadAt(want, size); err != nil {
		return nil, err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return nil, errors.New("it does not fit its SHA-256")
	}
	return newCheckpoint(content)
}

// newCheckpoint takes a checkpoint from tensors with metadata.
func newCheckpoint(file safetensors.File) (*checkpoint, error) {
	if format := file.Metadata[metaFormat]; format != strconv.Itoa(CheckpointFormat) {
		return nil, fmt.Errorf("it has format %q", format)
	}
	c := &checkpoint{cell: file.Metadata[metaCell]}
	var err error
	if c.state.Step, err = strconv.Atoi(file.Metadata[metaStep]); err != nil {
		return nil, fmt.Errorf("step: %w", err)
	}
	if err := json.Unmarshal([]byte(file.Metadata[metaMaker]), &c.maker); err != nil {
		return nil, fmt.Errorf("maker: %w", err)
	}
	if err := json.Unmarshal([]byte(file.Metadata[metaEpochs]), &c.epochs); err != nil {
		return nil, fmt.Errorf("epochs: %w", err)
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
