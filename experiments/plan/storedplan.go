package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"backfire/audit"
	"backfire/config"
	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/payoffs"
)

// File is the name of a stored plan, in the directory of its sweep, see store.Store.PlanDir.
const File = "plan.json"

// storedPlanFormat is the version of StoredPlan.
const storedPlanFormat = 1

var (
	// ErrNoPlan marks a name that no plan of a store begins with, or several.
	ErrNoPlan = errors.New("no such plan")
	// ErrOtherVersion marks a plan of another version of the program, whose cells may mean other models.
	ErrOtherVersion = errors.New("the plan is of another version of backfire")
)

// StoredPlan is a sweep that any number of runners may work on, as File holds it: everything that another
// process of the same program needs to plan the same cells and to make the same table.
type StoredPlan struct {
	Format  int         `json:"format"`
	Sweep   string      `json:"sweep"`   // hash
	Program store.Build `json:"program"` // that made the plan; other programs refuse it
	Formats []int       `json:"formats"` // of cells, results, plans and sweeps
	Made    time.Time   `json:"made"`    // UTC

	Table  string `json:"table"` // kind of its table
	Name   string `json:"name"`  // of the table
	Title  string `json:"title"`
	Preset string `json:"preset"`

	// GPU reports that the plan was made for a GPU: where it was made, auto stood for one. A worker
	// that finds none refuses it, unless a device is named to it.
	GPU bool `json:"gpu,omitempty"`

	// Primary holds the choices that were fixed before anything is trained; nil: none.
	Primary *Primary `json:"primary,omitempty"`
	// Audit describes the audit that the sweep is part of; nil: none.
	Audit *audit.Spec `json:"audit,omitempty"`
	// Game describes the attackers' game whose profiles the points are; nil: none.
	Game   *payoffs.Spec `json:"game,omitempty"`
	Points []StoredPoint `json:"points"`

	// Digest is the SHA-256 of the canonical JSON of the other fields, see cell.SealOf. Write sets it.
	Digest string `json:"digest"`
}

// StoredPoint is one configuration of a stored plan: a SweepPoint, field by field.
type StoredPoint struct {
	Name   string            `json:"name"`
	Keys   map[string]string `json:"keys"` // the varied keys and their values
	Config config.Config     `json:"config"`
	Verify *config.Config    `json:"verify,omitempty"` // see SweepPoint.Verify
	// Training is SweepPoint.Training.
	Training int `json:"training,omitempty"`
}

func formats() []int { return []int{cell.Format, store.ResultFormat, Format, SweepFormat} }

// NewStoredPlan describes a sweep for other processes. The caller sets Table, Name, Title and Preset.
func NewStoredPlan(sweep *Sweep, program store.Build) (*StoredPlan, error) {
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	p := &StoredPlan{
		Format: storedPlanFormat, Sweep: hash, Program: program, Formats: formats(), Made: time.Now().UTC(),
		Primary: sweep.Primary, Audit: sweep.Audit, Game: sweep.Game, Points: []StoredPoint{},
	}
	for _, point := range sweep.Points {
		p.Points = append(p.Points, StoredPoint(point.SweepPoint))
	}
	return p, nil
}

// Write writes the plan to the store and returns the path of its directory. It forgets which cells were given
// up before, so that they are retried.
func (p *StoredPlan) Write(ctx context.Context, st *store.Store) (string, error) {
	if err := st.Forgive(p.Sweep); err != nil {
		return "", err
	}
	data, err := p.encode()
	if err != nil {
		return "", err
	}
	path, err := st.WritePlanFile(ctx, p.Sweep, File, data)
	if err != nil {
		return "", err
	}
	return filepath.Dir(path), refuseLinks(st.PlanFiles(p.Sweep))
}

// WriteOpen writes the plan beside the note of a run that has begun, see store.Store.NotePlan.
func (p *StoredPlan) WriteOpen(ctx context.Context, st *store.Store) error {
	data, err := p.encode()
	if err != nil {
		return err
	}
	return st.NotePlan(ctx, p.Sweep, data)
}

// encode seals the plan and returns the content of its file.
func (p *StoredPlan) encode() ([]byte, error) {
	var err error
	if p.Digest, err = cell.SealOf(p); err != nil {
		return nil, fmt.Errorf("plan: encode: %w", err)
	}
	data, err := jsonfile.Encode(p)
	if err != nil {
		return nil, fmt.Errorf("plan: encode: %w", err)
	}
	return data, nil
}

// refuseLinks returns an error if there is a link in the directory of a plan, to which other programs write, too.
func refuseLinks(dir disk.Dir) error {
	entries, err := dir.ReadDir(".")
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	for _, entry := range entries {
		if entry.IsLink() {
			return fmt.Errorf("plan: %s is %w: remove it", dir.Path(entry.Name), disk.ErrLink)
		}
	}
	return nil
}

// ReadStored reads the only plan whose hash begins with name, compares it with its digest and validates its
// configurations. The error wraps ErrNoPlan, ErrOtherVersion if another program made the plan, or cell.ErrSeal
// if it was changed.
func ReadStored(s *store.Store, name string, program store.Build) (*StoredPlan, error) {
	hash, err := findPlan(s, name)
	if err != nil {
		return nil, fmt.Errorf("plan: find %q in %s: %w", name, s.Dir(), err)
	}
	data, err := s.PlanFiles(hash).ReadFile(File, disk.MaxRecord)
	if err != nil {
		return nil, fmt.Errorf("plan: read: %w", err)
	}
	return readPlan(s, hash, s.PlanFiles(hash).Path(File), data, program)
}

// ReadOpen reads the plan of an open run called hash, as WriteOpen wrote it, or the plan that was stored for its
// workers. The errors are those of ReadStored.
func ReadOpen(s *store.Store, hash string, program store.Build) (*StoredPlan, error) {
	data, path, err := s.ReadNotedPlan(hash)
	if errors.Is(err, fs.ErrNotExist) {
		return ReadStored(s, hash, program)
	}
	if err != nil {
		return nil, fmt.Errorf("plan: read: %w", err)
	}
	return readPlan(s, hash, path, data, program)
}

// readPlan returns the plan called hash, of the content of its file at a path.
func readPlan(s *store.Store, hash, path string, data []byte, program store.Build) (*StoredPlan, error) {
	// A plan of another version may have other fields, so its version is read first.
	var head struct {
		Format  int         `json:"format"`
		Program store.Build `json:"program"`
		Formats []int       `json:"formats"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("plan: read %s: %w", path, err)
	}
	if head.Program != program || head.Format != storedPlanFormat || !slices.Equal(head.Formats, formats()) {
		return nil, fmt.Errorf("plan: read %.12s: %w: it is of %s, this program is %s: make the plan again, or use that program",
			hash, ErrOtherVersion, head.Program, program)
	}
	var p StoredPlan
	if err := jsonfile.Parse(path, data, &p); err != nil {
		return nil, fmt.Errorf("plan: read: %w", err)
	}
	if err := p.check(data, hash); err != nil {
		return nil, fmt.Errorf("plan: read %s: %w: make the plan again", path, err)
	}
	return &p, refuseLinks(s.PlanFiles(hash))
}

// check returns an error unless the plan, whose content is data, is as it was written for the sweep called hash,
// and each configuration is one that this program accepts.
func (p *StoredPlan) check(data []byte, hash string) error {
	sealed, err := cell.CheckSeal(data)
	switch {
	case err != nil:
		return err
	case !sealed:
		return fmt.Errorf("%w: it has none", cell.ErrSeal)
	case p.Sweep != hash:
		return fmt.Errorf("it is of the sweep %.12s", p.Sweep)
	}
	for i, point := range p.Points {
		if err := point.Config.Validate(); err != nil {
			return fmt.Errorf("point %d: %w", i+1, err)
		}
		if point.Verify == nil {
			continue
		}
		if err := point.Verify.Validate(); err != nil {
			return fmt.Errorf("point %d: verify: %w", i+1, err)
		}
	}
	return nil
}

// findPlan returns the hash of the only plan that begins with name.
func findPlan(s *store.Store, name string) (string, error) {
	hashes, err := s.Plans(File)
	if err != nil {
		return "", err
	}
	matching := slices.DeleteFunc(hashes, func(hash string) bool { return !strings.HasPrefix(hash, name) })
	switch len(matching) {
	case 0:
		return "", ErrNoPlan
	case 1:
		return matching[0], nil
	default:
		return "", fmt.Errorf("%w: %d plans begin so", ErrNoPlan, len(matching))
	}
}

// orProgram returns the other reason why a plan gives other games, where it has one: a program of the user's changed.
func (p *StoredPlan) orProgram() string {
	for _, point := range p.Points {
		if point.Config.Trigger.Command != "" || slices.ContainsFunc(point.Config.Defenders, func(name string) bool {
			parts, err := config.ParseDefender(name)
			return err == nil && slices.ContainsFunc(parts, func(part config.DefensePart) bool { return part.Name == string(defenses.KindExec) })
		}) {
			return ", or a program of trigger.command or exec is not the one that was planned with"
		}
	}
	return ""
}

// NewSweep plans the stored sweep. The error wraps cell.ErrOtherData if this gives other games than those that
// were planned, as with other images.
func (p *StoredPlan) NewSweep(ctx context.Context, load cell.Loader) (*Sweep, error) {
	var points []SweepPoint
	for _, point := range p.Points {
		points = append(points, SweepPoint(point))
	}
	sweep, err := NewSweep(ctx, points, load)
	if err != nil {
		return nil, err
	}
	sweep.Primary, sweep.Audit, sweep.Game = p.Primary, p.Audit, p.Game
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	if hash != p.Sweep {
		return nil, fmt.Errorf("plan: %.12s: %w%s", p.Sweep, cell.ErrOtherData, p.orProgram())
	}
	return sweep, nil
}
