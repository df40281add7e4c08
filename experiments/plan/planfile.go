package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// StoredPlanFormat is the version of StoredPlan.
const StoredPlanFormat = 1

var (
	// ErrNoPlan says that a store has no plan of a name, or several.
	ErrNoPlan = errors.New("no such plan")
	// ErrOtherVersion says that a plan was made by another version of the program,
	// whose cells may mean other models.
	ErrOtherVersion = errors.New("the plan is of another version of backfire")
)

// StoredPlan is a sweep that any number of runners are to work on, as PlanFile
// holds it: all that another process of the same program needs to plan the same
// cells and to make the same table.
type StoredPlan struct {
	Format  int         `json:"format"`
	Sweep   string      `json:"sweep"`   // hash
	Program store.Build `json:"program"` // that made the plan; another one refuses it
	Formats []int       `json:"formats"` // CellFormat, ResultFormat, PlanFormat, SweepFormat
	Made    time.Time   `json:"made"`    // UTC

	Table  string `json:"table"` // the kind of table to make of it
	Name   string `json:"name"`  // of the table
	Title  string `json:"title"`
	Preset string `json:"preset"`

	Points []StoredPoint `json:"points"`
}

// StoredPoint is one configuration of a stored plan: a SweepPoint, field by field.
type StoredPoint struct {
	Name   string            `json:"name"`
	Keys   map[string]string `json:"keys"` // the varied keys and their values
	Config config.Config     `json:"config"`
	Verify *config.Config    `json:"verify,omitempty"` // see SweepPoint.Verify
}

func formats() []int { return []int{cell.Format, store.ResultFormat, Format, SweepFormat} }

// NewStoredPlan describes a sweep for other processes. Name, title, preset and
// table are left to be filled in.
func NewStoredPlan(sweep *Sweep, program store.Build) (*StoredPlan, error) {
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	p := &StoredPlan{
		Format: StoredPlanFormat, Sweep: hash, Program: program, Formats: formats(), Made: time.Now().UTC(), Points: []StoredPoint{},
	}
	for _, point := range sweep.Points {
		p.Points = append(p.Points, StoredPoint(point.SweepPoint))
	}
	return p, nil
}

// Write puts the plan into the store and returns the path of its directory. Cells
// that were given up before are tried again.
func (p *StoredPlan) Write(ctx context.Context, st *store.Store) (string, error) {
	if err := st.Forgive(p.Sweep); err != nil {
		return "", err
	}
	data, err := store.EncodeJSON(p)
	if err != nil {
		return "", fmt.Errorf("experiments: encode plan: %w", err)
	}
	path, err := st.WritePlanFile(ctx, p.Sweep, store.PlanFile, data)
	return filepath.Dir(path), err
}

// ReadPlan reads the plan whose hash begins with name. The error wraps ErrNoPlan,
// or ErrOtherVersion if it was not made by program.
func ReadStored(s *store.Store, name string, program store.Build) (*StoredPlan, error) {
	hash, err := findPlan(s, name)
	if err != nil {
		return nil, fmt.Errorf("experiments: find plan %q in %s: %w", name, s.Dir(), err)
	}
	path := filepath.Join(s.PlanDir(hash), store.PlanFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("experiments: read plan: %w", err)
	}
	// A plan of another version may well have other fields, so that this comes first.
	var head struct {
		Format  int         `json:"format"`
		Program store.Build `json:"program"`
		Formats []int       `json:"formats"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("experiments: read %s: %w", path, err)
	}
	if head.Program != program || head.Format != StoredPlanFormat || !slices.Equal(head.Formats, formats()) {
		return nil, fmt.Errorf("experiments: read plan %.12s: %w: it is of %s, this program is %s: make the plan again, or use that program",
			hash, ErrOtherVersion, head.Program, program)
	}
	var p StoredPlan
	if err := store.ReadJSON(path, &p); err != nil {
		return nil, fmt.Errorf("experiments: read plan: %w", err)
	}
	return &p, nil
}

// findPlan returns the hash of the only plan that begins with name.
func findPlan(s *store.Store, name string) (string, error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir(), store.PlansDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var found []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), name) {
			continue
		}
		if _, err := os.Stat(filepath.Join(s.PlanDir(entry.Name()), store.PlanFile)); err == nil {
			found = append(found, entry.Name())
		}
	}
	switch len(found) {
	case 0:
		return "", ErrNoPlan
	case 1:
		return found[0], nil
	default:
		return "", fmt.Errorf("%w: %d plans begin so", ErrNoPlan, len(found))
	}
}

// NewSweep plans the stored sweep again. The error wraps ErrOtherData where this
// gives other games than those that were planned, as with other images.
func (p *StoredPlan) NewSweep(ctx context.Context, load cell.Loader) (*Sweep, error) {
	var points []SweepPoint
	for _, point := range p.Points {
		points = append(points, SweepPoint(point))
	}
	sweep, err := NewSweep(ctx, points, load)
	if err != nil {
		return nil, err
	}
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	if hash != p.Sweep {
		return nil, fmt.Errorf("experiments: plan %.12s: %w", p.Sweep, cell.ErrOtherData)
	}
	return sweep, nil
}
