package plan

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/network"
)

// modelOf returns the network of a configuration, without initial weights. The error wraps network.ErrModule if
// model.file cannot be trained on the images.
func modelOf(cfg config.Config, set *datasets.Set) (cell.Model, error) {
	m := cfg.Model
	if m.File == "" {
		return cell.Model{Architecture: cmp.Or(m.Architecture, cell.ResNet18), Stem: stemOf(m), Width: m.Width}, nil
	}
	file, err := network.ReadModule(m.File)
	if kept := modulesOf(cfg.Store); errors.Is(err, fs.ErrNotExist) && kept != "" {
		return cell.Model{}, fmt.Errorf("model.file: %w: %s has the modules that were trained for this store, which model.file may name", err, kept)
	}
	if err != nil {
		return cell.Model{}, fmt.Errorf("model.file: %w", err)
	}
	if file.Channels != set.C || file.Height != set.H || file.Width != set.W || file.Classes != len(set.Classes) {
		return cell.Model{}, fmt.Errorf("model.file: %s: %w: it is for images of %dx%dx%d and %d classes, and %s has images of %dx%dx%d and %d classes: make it with scripts/torchscript_module.py --shape %dx%dx%d --classes %d",
			m.File, network.ErrModule, file.Channels, file.Height, file.Width, file.Classes, set.Name, set.C, set.H, set.W, len(set.Classes),
			set.C, set.H, set.W, len(set.Classes))
	}
	if cfg.Artefacts.Divergence && file.Features == 0 {
		return cell.Model{}, fmt.Errorf("artefacts.divergence: %w: it needs features, which a module (model.file) returns by a method penultimate, and %s has none", network.ErrModule, m.File)
	}
	return cell.Model{Architecture: network.Script, Module: file.Module}, nil
}

// modulesOf returns the directory with the modules of a store; empty if there is no store, or it has none.
func modulesOf(dir string) string {
	st, err := store.OpenExisting(dir)
	if err != nil {
		return ""
	}
	return st.Modules()
}

// KeepModules copies the modules of the sweep's points into a store, from which they are trained, and has the points'
// configurations name these copies, so that other processes find them where they see the store. The error is that of
// store.Store.KeepModule.
func (s *Sweep) KeepModules(st *store.Store) error {
	keep := func(p *planner, cfg *config.Config) error {
		if cfg == nil || !p.model.Module.Describes() {
			return nil
		}
		if err := st.KeepModule(p.cfg.Model.File, p.model.Module); err != nil {
			return err
		}
		cfg.Model.File = st.ModuleFile(p.model.Module)
		return nil
	}
	for i, p := range s.planners {
		point := &s.Points[i]
		if point.Verify != nil {
			verify := *point.Verify
			point.Verify = &verify
		}
		if err := errors.Join(keep(p, &point.Config), keep(p.verification, point.Verify)); err != nil {
			return err
		}
	}
	return nil
}

// networkExists refuses a stem that the network does not have.
func (p *planner) networkExists() error {
	m := p.model
	if m.Module.Describes() {
		return nil
	}
	if _, err := network.Describe(network.Spec{Architecture: m.Architecture, Stem: m.Stem, Width: m.Width, Channels: 1, Classes: 1}); err != nil {
		return fmt.Errorf("%w: model.architecture, model.stem: %w", cell.ErrPlan, err)
	}
	return nil
}

// stemOf returns the stem of a configuration, as cells have it.
func stemOf(m config.Model) string {
	if m.Stem == network.StemLarge {
		return m.Stem
	}
	return ""
}
