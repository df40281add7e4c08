package store

import (
	"errors"
	"fmt"
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
// it there, also on other hosts. The error wraps network.ErrModule if the file is not the module.
func (s *Store) KeepModule(file string, module network.Module) error {
	name := moduleName(module)
	if sum, err := s.files.SHA256(name); err == nil && sum == module.SHA256 {
		return nil
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

// ModulePath returns the absolute path of the module of a cell; empty if its network is none. Whether the file is
// there, and is the module, is checked where it is loaded.
func (s *Store) ModulePath(c cell.Cell) string {
	if !c.Model.Module.Describes() {
		return ""
	}
	name := s.files.Path(moduleName(c.Model.Module))
	if absolute, err := filepath.Abs(name); err == nil {
		return absolute
	}
	return name
}

// moduleName returns the place of a module in a store.
func moduleName(m network.Module) string { return path.Join(modulesDir, m.SHA256+".pt") }
