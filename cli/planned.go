package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/buildinfo"
	"backfire/report"
)

// PlannedOptions are the options that all commands about a stored plan have.
type PlannedOptions struct {
	IO    *IOStreams
	Plan  string // directory, hash, or the beginning of a hash
	Store string // of the plan; ignored where Plan is a directory
	JSON  bool

	Load cell.Loader
}

func newPlannedOptions(streams *IOStreams) PlannedOptions {
	return PlannedOptions{IO: streams, Load: datasets.Load}
}

// addPlanned declares the flags of a command about a stored plan.
func addPlanned(cmd *cobra.Command, opts *PlannedOptions) {
	pathVar(cmd.Flags(), opts.IO, &opts.Store, "store", "", "runs", "directory of the run store with the plan, if PLAN is not a directory")
	cmd.Flags().BoolVar(&opts.JSON, "json", false, "write lines of JSON to standard output")
}

// program returns the build of this program, as plans and results record it.
func program() store.Build {
	build := buildinfo.This()
	return store.Build{Version: build.Version, Commit: build.Commit, Go: build.Go}
}

// planned is a stored plan with its store.
type planned struct {
	store  *store.Store
	stored *plan.StoredPlan
}

// dir returns the absolute path of the plan's directory.
func (p *planned) dir() (string, error) {
	dir, err := filepath.Abs(p.store.PlanDir(p.stored.Sweep))
	if err != nil {
		return "", fmt.Errorf("resolve the plan's directory: %w", err)
	}
	return dir, nil
}

// open finds and reads the plan.
func (o *PlannedOptions) open() (*planned, error) {
	dir, name := o.Store, o.Plan
	if strings.ContainsRune(name, filepath.Separator) {
		path := filepath.Clean(name)
		if filepath.Base(path) == plan.File {
			path = filepath.Dir(path)
		}
		dir, name = filepath.Dir(filepath.Dir(path)), filepath.Base(path)
	}
	// The store is not created: if it does not exist, this host does not see the file
	// system that it is on.
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, Usagef("open the plan: there is no store %q on this host: give the directory that the plan was stored in, on a file system that all hosts share", dir)
	}
	store, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	stored, err := plan.ReadStored(store, name, program())
	if err != nil {
		return nil, err
	}
	return &planned{store, stored}, nil
}

// namedSweep sets the sweep of opts from the arguments "table NAME", "sweep FILE", "audit FILE" or "equilibrium FILE".
func namedSweep(args []string, opts *SweepOptions) error {
	if len(args) == 2 && args[0] == "sweep" {
		opts.Kind, opts.Sweep = report.Points, args[1]
		return nil
	}
	if len(args) == 2 && args[0] == "table" {
		at := slices.IndexFunc(knownTables, func(t knownTable) bool { return t.name == args[1] })
		if at < 0 {
			return Usagef("name the sweep: there is no table %q; \"backfire table\" lists the tables", args[1])
		}
		opts.Kind, opts.Sweep = knownTables[at].kind, knownTables[at].sweep
		return nil
	}
	if len(args) == 2 && args[0] == "audit" {
		opts.Kind, opts.Audit = report.Points, args[1]
		return nil
	}
	if len(args) == 2 && args[0] == "equilibrium" {
		opts.Kind, opts.Game = report.Points, args[1]
		return nil
	}
	return Usagef("name the sweep: %q: give \"table NAME\", \"sweep FILE\", \"audit FILE\" or \"equilibrium FILE\"", strings.Join(args, " "))
}

// absolute makes the paths of a configuration absolute.
func absolute(cfg *config.Config) error {
	for _, path := range []*string{&cfg.Store, &cfg.Data.Dir, &cfg.Data.Path, &cfg.Model.File} {
		if *path == "" {
			continue
		}
		var err error
		if *path, err = filepath.Abs(*path); err != nil {
			return fmt.Errorf("resolve a path of the plan: %w", err)
		}
	}
	return nil
}

// makePlan plans the sweep of opts for its store, without writing the plan. Paths become
// absolute, because other processes start in other directories.
func makePlan(ctx context.Context, opts *SweepOptions) (*planned, *plan.Sweep, error) {
	switch {
	case opts.Audit != "":
		return makeAuditPlan(ctx, opts)
	case opts.Search != nil:
		return makeCheapestPlan(ctx, opts)
	}
	sweeps, err := loadSweeps(opts)
	if err != nil {
		return nil, nil, err
	}
	points := sweepPoints(sweeps)
	for i := range points {
		if err := absolute(&points[i].Config); err != nil {
			return nil, nil, err
		}
		if points[i].Verify != nil {
			verify := *points[i].Verify
			if err := absolute(&verify); err != nil {
				return nil, nil, err
			}
			points[i].Verify = &verify
		}
	}
	sweep, err := plan.NewSweep(ctx, points, opts.Load)
	if err != nil {
		return nil, nil, planError(err)
	}
	new(repeatLines).tell(opts.IO, sweep)
	sweep.Primary, sweep.Game = sweeps[0].Primary, sweeps[0].Game
	if sweep.Game != nil {
		if err := withinBudget(sweep); err != nil {
			return nil, nil, err
		}
	}
	store, err := store.Open(points[0].Config.Store)
	if err != nil {
		return nil, nil, err
	}
	stored, err := newStoredPlan(sweep, store)
	if err != nil {
		return nil, nil, err
	}
	stored.Table, stored.Name, stored.Title, stored.Preset = string(opts.Kind), sweeps[0].Name, sweeps[0].Title, sweeps[0].Preset
	return &planned{store, stored}, sweep, nil
}

// newStoredPlan describes a sweep for the processes that train it. It keeps the sweep's modules in the store first, so
// that the plan names the copies, which those processes find.
func newStoredPlan(sweep *plan.Sweep, st *store.Store) (*plan.StoredPlan, error) {
	if err := sweep.KeepModules(st); err != nil {
		return nil, err
	}
	return plan.NewStoredPlan(sweep, program())
}
