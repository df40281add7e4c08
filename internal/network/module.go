package network

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"

	"backfire/internal/disk"
)

// Script is the architecture of networks that are TorchScript modules of the user's.
const Script = "torchscript"

// ErrModule marks a file that is no TorchScript module with a description.
var ErrModule = errors.New("unusable module")

// Module identifies a TorchScript module by its content, and holds what planning needs to
// know of it.
type Module struct {
	SHA256   string `json:"sha256" yaml:"sha256"`     // of the file
	Values   int64  `json:"values" yaml:"values"`     // of the trained tensors and the buffers
	Maps     int64  `json:"maps" yaml:"maps"`         // values of the results of all layers, for one image
	Products int64  `json:"products" yaml:"products"` // multiplications of the forward pass of one image
	// Features is the number of features that the method penultimate returns. It is 0, and
	// not written, without that method.
	Features int `json:"features,omitempty" yaml:"features,omitempty"`
	// Norms reports batch normalisations with a scale, a shift and running statistics.
	Norms bool `json:"norms,omitempty" yaml:"norms,omitempty"`
}

// Describes reports whether there is a module.
func (m Module) Describes() bool { return m.SHA256 != "" }

// Validate returns an error for numbers that no module has.
func (m Module) Validate() error {
	if m.Values < 1 || m.Values > MaxModuleBytes || m.Maps < 0 || m.Products < 0 || m.Features < 0 || int64(m.Features) > MaxModuleBytes {
		return fmt.Errorf("network: %w: %d values, %d maps, %d products, %d features", ErrModule, m.Values, m.Maps, m.Products, m.Features)
	}
	return nil
}

// Network returns the network of a module for a number of classes. Its layers are not
// known.
func (m Module) Network(classes int) *Network {
	return &Network{Classes: classes, Features: m.Features, MinSide: 1, module: m}
}

// moduleEntry is the name of the description in a module's archive.
const moduleEntry = "extra/backfire.json"

// The largest files that are read, in bytes.
const (
	MaxModuleBytes      = 2 << 30 // of a module
	maxDescriptionBytes = 1 << 16
)

// ModuleFile is a module with the images and classes that it was made for.
type ModuleFile struct {
	Module
	Channels int `json:"channels"`
	Height   int `json:"height"`
	Width    int `json:"width"`
	Classes  int `json:"classes"`
}

// ReadModule reads the description of a module's file, which scripts/torchscript_module.py
// writes, and computes the file's SHA-256. It loads no code. The error wraps ErrModule and
// names the way out.
func ReadModule(name string) (ModuleFile, error) {
	fail := func(err error) (ModuleFile, error) {
		return ModuleFile{}, fmt.Errorf("network: %s: %w: %w", name, ErrModule, err)
	}
	file, err := disk.Open(name)
	if err != nil {
		return fail(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fail(err)
	}
	if info.Size() > MaxModuleBytes {
		return fail(fmt.Errorf("it has %d bytes, at most %d are read", info.Size(), int64(MaxModuleBytes)))
	}
	read, err := describedIn(file, info.Size())
	if err != nil {
		return fail(fmt.Errorf("%w: scripts/torchscript_module.py makes such a file from a PyTorch module", err))
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(file, 0, info.Size())); err != nil {
		return fail(err)
	}
	read.SHA256 = hex.EncodeToString(digest.Sum(nil))
	if err := read.Validate(); err != nil {
		return fail(err)
	}
	return read, nil
}

// describedIn returns the description in an archive.
func describedIn(file io.ReaderAt, size int64) (ModuleFile, error) {
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return ModuleFile{}, fmt.Errorf("it is no archive of TorchScript: %w", err)
	}
	script := false
	var read ModuleFile
	found := false
	for _, entry := range archive.File {
		_, inner := path.Split(entry.Name)
		script = script || inner == "constants.pkl"
		if path.Base(path.Dir(entry.Name))+"/"+inner != moduleEntry || found {
			continue
		}
		content, err := entry.Open()
		if err != nil {
			return ModuleFile{}, err
		}
		text, err := io.ReadAll(io.LimitReader(content, maxDescriptionBytes))
		if err = errors.Join(err, content.Close()); err != nil {
			return ModuleFile{}, err
		}
		if err := json.Unmarshal(text, &read); err != nil {
			return ModuleFile{}, fmt.Errorf("its description: %w", err)
		}
		found = true
	}
	switch {
	case !script:
		return ModuleFile{}, errors.New("it is no archive of TorchScript (a state dict or an exported program is none)")
	case !found:
		return ModuleFile{}, errors.New("it has no description (" + moduleEntry + ")")
	}
	return read, nil
}
