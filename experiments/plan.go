package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"backfire/config"
	"backfire/datasets"
	"backfire/game"
	"backfire/streams"
	"backfire/triggers"
)

// ErrPlan says that a configuration cannot be played on a dataset. Nothing has
// been trained then.
var ErrPlan = errors.New("cannot be planned")

// PlanFormat is the version of Plan's games.
const PlanFormat = 1

// Plan is what a configuration asks for: games, the rows of its table, and the
// distinct cells that they are made of.
type Plan struct {
	// Cells are in the order to train them: those of the first game first.
	Cells []Cell
	// Games are in the order of attackers.counts.
	Games []PlannedGame

	cells map[string]Cell // by hash
}

// PlannedGame is a game and the games in which its attackers are alone.
type PlannedGame struct {
	Cell    string         `json:"cell"`    // hash
	Singles map[int]string `json:"singles"` // attacker ID -> hash, for those that are also played alone
}

// NewPlan turns a configuration into games on a dataset: one per entry of
// attackers.counts, and one for each of the first attackers.singles attackers
// alone. It deals every game, so that whatever is wrong with any of them is
// found here. The error wraps ErrPlan, and the cause: game.ErrRules,
// game.ErrCollision or datasets.ErrUnknownClass where it is one.
func NewPlan(cfg config.Config, set *datasets.Set) (*Plan, error) {
	p := &planner{cfg: cfg, set: set, plan: &Plan{cells: map[string]Cell{}}}
	if err := p.attackers(); err != nil {
		return nil, fmt.Errorf("experiments: plan: %w: %w", ErrPlan, err)
	}
	for _, n := range cfg.Attackers.Counts {
		if err := p.add(n); err != nil {
			return nil, fmt.Errorf("experiments: plan: %d attackers: %w: %w", n, ErrPlan, err)
		}
	}
	return p.plan, nil
}

// Hash is the name of the plan: the SHA-256 of its games' canonical JSON.
func (p *Plan) Hash() (string, error) {
	data, err := canonical(struct {
		Format int           `json:"format"`
		Games  []PlannedGame `json:"games"`
	}{PlanFormat, p.Games})
	if err != nil {
		return "", fmt.Errorf("experiments: hash plan: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Cell returns the cell called hash, if the plan has it.
func (p *Plan) Cell(hash string) (Cell, bool) {
	cell, ok := p.cells[hash]
	return cell, ok
}

// planner makes a Plan.
type planner struct {
	cfg  config.Config
	set  *datasets.Set
	all  []game.Attacker // of the largest game; smaller ones have the first of them
	plan *Plan
}

// attackers resolves the attackers of the largest game.
func (p *planner) attackers() error {
	for id := range p.cfg.Attackers.Largest() {
		target, err := p.target(id)
		if err != nil {
			return err
		}
		p0, p1, p2 := p.cfg.Attackers.Strength(id)
		p.all = append(p.all, game.Attacker{
			ID: id, Target: target, PoisonRate: p0,
			Trigger:   triggers.Spec{P1: p1, P2: p2, Range: triggers.Range(p.cfg.Trigger.Range)},
			LabelMode: game.LabelMode(p.cfg.Attackers.LabelMode),
		})
	}
	return nil
}

// target is the class that an attacker wants. A random one comes from its own
// stream "label", uniform over all classes.
func (p *planner) target(id int) (int, error) {
	a := p.cfg.Attackers
	switch a.Labels {
	case "random":
		return streams.New(p.cfg.Seed, "label", uint64(id)).IntN(len(p.set.Classes)), nil
	case "list":
		if id >= len(a.Targets) {
			return 0, fmt.Errorf("attackers.targets: no target label for attacker %d", id)
		}
		class, err := p.set.Class(a.Targets[id])
		if err != nil {
			return 0, fmt.Errorf("attackers.targets: %w", err)
		}
		return class, nil
	case "same":
		class, err := p.set.Class(a.Label)
		if err != nil {
			return 0, fmt.Errorf("attackers.label: %w", err)
		}
		return class, nil
	default:
		return 0, fmt.Errorf("attackers.labels = %q: choose same, random or list", a.Labels)
	}
}

// add plans the game of the first n attackers, after the games of those of them
// that are also played alone.
func (p *planner) add(n int) error {
	planned := PlannedGame{Singles: map[int]string{}}
	for id := range min(n, p.cfg.Attackers.PlayedAlone()) {
		hash, err := p.cell(p.all[id : id+1])
		if err != nil {
			return fmt.Errorf("attacker %d alone: %w", id, err)
		}
		planned.Singles[id] = hash
	}
	var err error
	if planned.Cell, err = p.cell(p.all[:n]); err != nil {
		return err
	}
	p.plan.Games = append(p.plan.Games, planned)
	return nil
}

// cell plans the game of the given attackers, unless it is planned already, and
// returns its hash.
func (p *planner) cell(attackers []game.Attacker) (string, error) {
	cfg := p.cfg
	rules := game.Rules{
		Seed: cfg.Seed, PoolSize: cfg.Pool.Size,
		DefenderShare: cfg.Deal.DefenderShare, HeldOut: cfg.Deal.HeldOut,
		Attackers: attackers, Sampling: game.Sampling(cfg.Trigger.Sampling),
		ExcludeTargetClass: cfg.ASR.ExcludeTargetClass, Denominator: game.Denominator(cfg.ASR.Denominator),
	}
	cell := Cell{
		Format: CellFormat,
		Data: Data{
			Name: p.set.Name, Checksum: p.set.Checksum, Images: p.set.Len(),
			Shape: triggers.Shape{C: p.set.C, H: p.set.H, W: p.set.W}, Classes: p.set.Classes,
		},
		Game:  rules.Resolve(p.set),
		Model: Model{Architecture: ResNet18, Width: cfg.Model.Width},
		Training: Training{
			Epochs: cfg.Train.Epochs, Batch: cfg.Train.Batch, Optimizer: cfg.Train.Optimizer,
			LearningRate: cfg.Train.LR, Momentum: cfg.Train.Momentum, WeightDecay: cfg.Train.WeightDecay,
			Nesterov: cfg.Train.Nesterov, Schedule: cfg.Train.Schedule,
		},
	}
	hash, err := cell.Hash()
	if err != nil {
		return "", err
	}
	if _, ok := p.plan.cells[hash]; ok {
		return hash, nil
	}
	if err := p.playable(cell); err != nil {
		return "", err
	}
	p.plan.cells[hash] = cell
	p.plan.Cells = append(p.plan.Cells, cell)
	return hash, nil
}

// minSide is the smallest height and width that the network's three halvings
// leave something of.
const minSide = 8

// playable deals the game of a cell and refuses what a training would refuse.
func (p *planner) playable(cell Cell) error {
	if shape := cell.Data.Shape; shape.H < minSide || shape.W < minSide {
		return fmt.Errorf("images of %d x %d pixels: %s needs at least %d x %d", shape.H, shape.W, ResNet18, minSide, minSide)
	}
	g, err := game.New(p.set, cell.Game)
	if err != nil {
		return err
	}
	rows := len(g.Deal().Defender.Contributed)
	for _, share := range g.Deal().Attackers {
		rows += len(share.Contributed)
	}
	if rows < cell.Training.Batch {
		return fmt.Errorf("train.batch = %d: the training set has only %d images: choose a smaller batch or a larger pool.size", cell.Training.Batch, rows)
	}
	return nil
}
