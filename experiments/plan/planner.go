package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"backfire/config"
	"backfire/datasets"
	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/streams"
	"backfire/triggers"
)

// planner plans the games of one configuration on one dataset. It keeps the cells that it has planned, which
// only saves time.
type planner struct {
	cfg   config.Config
	set   *datasets.Set
	seats int                 // number of seats of every game; 0: as many as attackers
	all   []game.Attacker     // of the largest game, with their first triggers; smaller games have the first of them
	games map[string]*planned // without a defense, by keyOf
	// verification plans the single games in which triggers are verified: it is the planner itself, or one with
	// other settings and the same seed and images.
	verification *planner

	precision string     // as cells have it
	weights   string     // SHA-256 of the initial weights, as cells have it
	model     cell.Model // without the weights

	policies []defenses.Policy    // the defenders with a defense
	defended map[string]*defended // by the hash of the twin and the defender's name
}

// planned is a game as one cell.
type planned struct {
	cell cell.Cell
	hash string
	deal *dealSizes // nil if it cannot be played
	err  error      // the reason why it cannot be played; nil if it can
}

// dealSizes holds the numbers of images in a deal. A sweep of thousands of games keeps these and not the
// deals, each of which orders the whole dataset.
type dealSizes struct {
	defender int   // images that the defender contributes
	agents   []int // images that each attacker contributes, then each honest contributor; see game.Deal.Agent
	repeats  game.Repeats
}

// sizesOf returns the sizes of a deal of a set.
func sizesOf(d *game.Deal, set *datasets.Set) *dealSizes {
	s := &dealSizes{defender: len(d.Defender.Contributed), repeats: d.Repeats(set)}
	for position := range len(d.Attackers) + len(d.Honest) {
		s.agents = append(s.agents, len(d.Agent(position).Contributed))
	}
	return s
}

// newPlanner resolves the attackers of the largest game and checks the initial weights. largest is the number of
// seats that the largest game of all points needs. The error wraps ErrPlan.
func newPlanner(ctx context.Context, cfg config.Config, set *datasets.Set, largest int, files *weightFiles) (*planner, error) {
	p := &planner{
		cfg: cfg, set: set, seats: cfg.Deal.SeatCount(largest), games: map[string]*planned{}, defended: map[string]*defended{},
	}
	p.verification = p
	if err := p.seatContributors(); err != nil {
		return nil, err
	}
	if n := max(cfg.Attackers.Largest(), p.seats); n > set.Len() {
		return nil, fmt.Errorf("%w: %d attackers and honest contributors: %s has %d images, and each of them needs one: choose fewer",
			cell.ErrPlan, n, set.Name, set.Len())
	}
	var err error
	if p.precision, err = precisionOf(cfg); err != nil {
		return nil, err
	}
	if p.policies, err = policies(cfg); err != nil {
		return nil, err
	}
	if p.model, err = modelOf(cfg, set); err != nil {
		return nil, fmt.Errorf("%w: %w", cell.ErrPlan, err)
	}
	if err := p.networkExists(); err != nil {
		return nil, err
	}
	if p.weights, err = files.sum(cfg.Model.Weights, p.cellOf(nil)); err != nil {
		return nil, fmt.Errorf("%w: %w", cell.ErrPlan, err)
	}
	for _, id := range cfg.Attackers.IDs() {
		target, err := p.target(id)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", cell.ErrPlan, err)
		}
		p0, p1, p2 := cfg.Attackers.Strength(id)
		attacker := game.Attacker{
			ID: id, Target: target, PoisonRate: p0, LabelMode: game.LabelMode(cfg.Attackers.LabelMode), Budget: budgetOf(cfg.Attackers),
		}
		if attacker, err = p.mapping(attacker); err != nil {
			return nil, fmt.Errorf("%w: %w", cell.ErrPlan, err)
		}
		if leader := cfg.Attackers.Leader(id); leader != id {
			attacker, err = p.colluder(attacker, leader)
		} else {
			attacker.Trigger, err = p.triggerOf(attacker, p1, p2)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", cell.ErrPlan, err)
		}
		p.all = append(p.all, attacker)
	}
	if err := p.askProgram(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", cell.ErrPlan, err)
	}
	return p, nil
}

// target returns the target class of an attacker. A random one comes from the attacker's own stream "label",
// uniform over all classes.
func (p *planner) target(id int) (int, error) {
	a := p.cfg.Attackers
	if a.Mapping == string(game.AllToAll) {
		return 0, nil
	}
	switch a.Labels {
	case "random":
		return streams.New(p.cfg.TriggerSeed(), "label", uint64(id)).IntN(len(p.set.Classes)), nil
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

// plan plans the games as far as the known results decide them. The error wraps ErrPlan; with no known results
// it covers every game.
func (p *planner) plan(known Known) (*Plan, error) {
	plan := &Plan{Seats: p.seats, cells: map[string]cell.Cell{}, Candidates: map[int][]Candidate{}}
	attackers := slices.Clone(p.all)
	selections := make([]selection, len(attackers))
	for i := range attackers {
		s, err := p.selectionOf(i, known, selections[:i])
		if err != nil {
			return nil, err
		}
		attackers[i].Draw, selections[i] = s.current, s
		if s.candidates != nil {
			plan.Candidates[attackers[i].ID] = s.candidates
		}
	}
	for _, n := range p.cfg.Attackers.Counts {
		g, err := p.game(plan, attackers[:n], selections[:n])
		if err != nil {
			return nil, fmt.Errorf("%d attackers: %w: %w", n, cell.ErrPlan, err)
		}
		plan.Games = append(plan.Games, g)
	}
	return plan, nil
}

// game adds the game of the given attackers to a plan, after the single games of those of them that are also
// played alone.
func (p *planner) game(plan *Plan, attackers []game.Attacker, selections []selection) (PlannedGame, error) {
	g := PlannedGame{Singles: map[int]string{}}
	redrawn := false
	for _, s := range selections {
		for _, single := range s.games {
			plan.add(single)
		}
		g.Waits = g.Waits || s.open
		redrawn = redrawn || s.current > 0
	}
	c := p.cellOf(attackers)
	twin, err := p.cell(c)
	if redrawn && errors.Is(err, game.ErrCollision) {
		g.refused = err
	} else if err != nil {
		return PlannedGame{}, err
	}
	if err := p.compared(plan, &g, c); err != nil {
		return PlannedGame{}, err
	}
	g.Cell = twin.hash
	plan.add(twin)
	for _, policy := range p.policies {
		d, err := p.defend(twin, policy)
		if err != nil {
			return PlannedGame{}, err
		}
		g.Defenders = append(g.Defenders, d.PlannedDefender)
		for _, model := range slices.Concat(d.models, d.control) {
			plan.add(model)
		}
	}
	return g, p.transfers(plan, &g, c)
}

// compared adds the games with which the game of a cell is compared: the matched single game of each attacker that
// is also played alone and, where that owns fewer images than a lone attacker, the lone one.
func (p *planner) compared(plan *Plan, g *PlannedGame, c cell.Cell) error {
	for position := range min(p.cfg.Attackers.PlayedAlone(), len(c.Game.Attackers)) {
		id := c.Game.Attackers[position].ID
		matched, ok := c.MatchedSingle(position)
		if !ok {
			matched = c.Lone(position)
		}
		single, err := p.cell(matched)
		if err != nil {
			return fmt.Errorf("attacker %d alone: %w", id, err)
		}
		plan.add(single)
		g.Singles[id] = single.hash
		if p.seats > 0 || len(c.Game.Attackers) == 1 {
			continue
		}
		lone, err := p.cell(c.Lone(position))
		if err != nil {
			return fmt.Errorf("attacker %d alone with all images: %w", id, err)
		}
		plan.add(lone)
		if g.Lone == nil {
			g.Lone = map[int]string{}
		}
		g.Lone[id] = lone.hash
	}
	return nil
}

// transfers adds the games in which one of the first attackers poisons nothing. A game of one attacker, or one in
// which it poisons nothing anyway, has none.
func (p *planner) transfers(plan *Plan, g *PlannedGame, c cell.Cell) error {
	if len(c.Game.Attackers) == 1 || g.refused != nil {
		return nil
	}
	for position := range min(p.cfg.Attackers.Transferred(), len(c.Game.Attackers)) {
		a := c.Game.Attackers[position]
		if a.PoisonRate == 0 {
			continue
		}
		without := c
		without.Game = c.Game.WithoutAttackBy(position)
		transfer, err := p.cell(without)
		if err != nil {
			return fmt.Errorf("attacker %d poisoning nothing: %w", a.ID, err)
		}
		plan.add(transfer)
		if g.Transfers == nil {
			g.Transfers = map[int]string{}
		}
		g.Transfers[a.ID] = transfer.hash
	}
	return nil
}

// kernelsOf returns the value of train.kernels as a cell has it.
func kernelsOf(name string) string {
	if name == cell.KernelsDirect {
		return name
	}
	return ""
}

// budgetOf returns the value of attackers.budget as rules have it.
func budgetOf(a config.Attackers) game.Budget {
	if a.Budget == string(game.AnyImage) && a.LabelMode == string(game.DirtyLabel) {
		return game.AnyImage
	}
	return game.NonTarget
}

// cell plans a game without a defense. The error holds the reason why it cannot be played; it has a cell and a
// hash nevertheless.
func (p *planner) cell(c cell.Cell) (*planned, error) {
	key := keyOf(c)
	if g, ok := p.games[key]; ok {
		return g, g.err
	}
	hash, err := c.Hash()
	if err != nil {
		return nil, err
	}
	g := &planned{cell: c, hash: hash}
	g.deal, g.err = p.deal(c)
	if g.err == nil {
		g.err = g.fillsBatch()
	}
	p.games[key] = g
	return g, g.err
}

// cellOf returns the cell of the game of the given attackers without a defense.
func (p *planner) cellOf(attackers []game.Attacker) cell.Cell {
	cfg := p.cfg
	rules := game.Rules{
		Seed: cfg.DealSeed(), PoolSize: cfg.Pool.Size,
		DefenderShare: cfg.Deal.DefenderShare, HeldOut: cfg.Deal.HeldOut, Seats: p.seats, Contributors: p.set.Contributors != nil,
		Attackers: slices.Clone(attackers), Sampling: game.PerAgent, Jitter: cfg.Trigger.PartlyPerImage(),
		ExcludeTargetClass: cfg.ASR.ExcludeTargetClass, Denominator: game.Denominator(cfg.ASR.Denominator),
	}
	if cfg.Trigger.PerImage() || slices.ContainsFunc(attackers, stamps) {
		rules.Sampling = game.PerImage
	}
	triggerSeed := cfg.TriggerSeed()
	rules.TriggerSeed = &triggerSeed
	rules = rules.Resolve(p.set).Canonical()
	c := cell.Cell{
		Format: cell.Format,
		Data: cell.Data{
			Name: p.set.Name, Checksum: p.set.Checksum, Images: p.set.Len(),
			Shape: triggers.Shape{C: p.set.C, H: p.set.H, W: p.set.W}, Classes: p.set.Classes,
		},
		Game:  rules,
		Model: p.model,
		Training: cell.Training{
			Epochs: cfg.Train.Epochs, Batch: cfg.Train.Batch, Optimizer: cfg.Train.Optimizer,
			LearningRate: cfg.Train.LR, Momentum: cfg.Train.Momentum, WeightDecay: cfg.Train.WeightDecay,
			Nesterov: cfg.Train.Nesterov, Schedule: cfg.Train.Schedule,
			Precision: p.precision, Kernels: kernelsOf(p.cfg.Train.Kernels), StopWhen: cfg.Train.StopRule().String(),
		},
	}
	c.Model.Weights = p.weights
	c.SeedTraining(cfg.TrainingSeed())
	return c
}

// keyOf returns a key of a game without a defense within one planner: of its seats, its training's seed, and its
// attackers' IDs, draws and whether they poison anything.
func keyOf(c cell.Cell) string {
	key := fmt.Appendf(nil, "%d %d", c.Game.SeatCount(), c.TrainingSeed())
	for _, a := range c.Game.Attackers {
		key = append(key, ' ')
		key = strconv.AppendInt(key, int64(a.ID), 10)
		key = append(key, '.')
		key = strconv.AppendInt(key, int64(a.Draw), 10)
		if a.PoisonRate == 0 {
			key = append(key, 'h')
		}
	}
	return string(key)
}

// deal deals the game of a cell. It returns an error for a game that a training would refuse.
func (p *planner) deal(c cell.Cell) (*dealSizes, error) {
	if shape, least := c.Data.Shape, c.Network().MinSide; shape.H < least || shape.W < least {
		return nil, fmt.Errorf("images of %d x %d pixels: %s needs at least %d x %d", shape.H, shape.W, c.Model.Architecture, least, least)
	}
	g, err := game.New(p.set, c.Game)
	if err != nil {
		return nil, err
	}
	return sizesOf(g.Deal(), p.set), nil
}
