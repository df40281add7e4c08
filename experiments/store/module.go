package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"backfire/experiments/cell"
	"backfire/internal/disk"
	"backfire/internal/network"
)

// modulesDir is the directory of a store with the TorchScript modules that its models are made of, named by their
// SHA-256.
const modulesDir = ".modules"

// KeepModule copies the module of a file into the store, unless it is there. All later trainings and questions read
// it there, also on other hosts. The error wraps network.ErrModule if the file is not the module. The copy counts as
// written now, also where it was there.
func (s *Store) KeepModule(file string, module network.Module) error {
	name := moduleName(module)
	if sum, err := s.files.SHA256(name); err == nil && sum == module.SHA256 {
		return s.files.Touch(name) // models gc leaves what is young
	}
	content, err := disk.ReadFile(file, network.MaxModuleBytes)
	if err != nil {
		return fmt.Errorf("store: keep module: %w", err)
	}
	if err := s.files.MkdirAll(modulesDir); err != nil {
		return fmt.Errorf("store: keep module: %w", err)
	}
	fresh := fmt.Sprintf("%s.%d.part", name, os.Getpid())
	err = func() error {
		if err := s.files.WriteFile(fresh, content); err != nil {
			return err
		}
		sum, err := s.files.SHA256(fresh)
		if err == nil && sum != module.SHA256 {
			err = fmt.Errorf("%w: %s has changed: SHA-256 %.12s instead of %.12s", network.ErrModule, file, sum, module.SHA256)
		}
		return errors.Join(err, s.files.Sync(fresh))
	}()
	if err == nil {
		err = s.files.Rename(fresh, name)
	}
	if err != nil {
		return fmt.Errorf("store: keep module: %w", errors.Join(err, s.files.RemoveAll(fresh)))
	}
	return s.files.Sync(modulesDir)
}

// Modules returns the directory with the store's modules; empty if it has none.
func (s *Store) Modules() string {
	if names, err := s.files.Names(modulesDir); err != nil || len(names) == 0 {
		return ""
	}
	return s.files.Path(modulesDir)
}

// CheckModule returns an error unless the store has the module of a cell, whole, or the cell needs none. The error
// wraps network.ErrModule and names the way out.
func (s *Store) CheckModule(c cell.Cell) error {
	module := c.Model.Module
	if !module.Describes() {
		return nil
	}
	wayOut := fmt.Sprintf("copy the file that model.file named, or %s of the store that trained the model, to %s", moduleName(module), s.ModulePath(c))
	switch sum, err := s.files.SHA256(moduleName(module)); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("store: %w: the network of the model is a TorchScript module (SHA-256 %.12s) that %s lacks: %s", network.ErrModule, module.SHA256, s.dir, wayOut)
	case err != nil:
		return fmt.Errorf("store: read module: %w", err)
	case sum != module.SHA256:
		return fmt.Errorf("store: %w: the TorchScript module of the model is damaged (SHA-256 %.12s instead of %.12s): %s", network.ErrModule, sum, module.SHA256, wayOut)
	}
	return nil
}

// ModulePath returns the absolute path of the module of a cell; empty if its network is none. Whether the file is
// there, and is the module, is checked where it is loaded, and by CheckModule.
func (s *Store) ModulePath(c cell.Cell) string {
	if !c.Model.Module.Describes() {
		return ""
	}
	return s.ModuleFile(c.Model.Module)
}

// ModuleFile returns the absolute path at which the store keeps a module.
func (s *Store) ModuleFile(module network.Module) string {
	name := s.files.Path(moduleName(module))
	if absolute, err := filepath.Abs(name); err == nil {
		return absolute
	}
	return name
}

// moduleName returns the place of a module in a store.
func moduleName(m network.Module) string { return path.Join(modulesDir, m.SHA256+moduleSuffix) }
