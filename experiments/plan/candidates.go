package plan

import (
	"fmt"
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/streams"
)

// KnownResult holds the part of a stored result that plans depend on.
type KnownResult struct {
	ASR       game.Rate // of the first attacker
	Collapsed bool

	Open []string // hashes of the single games whose ASR the result lacks, see store.Result.MissingSingles

	Unread bool // the result is stored but was not read, since nothing depends on it; the fields above are empty
}

// Known holds the results that are known so far, by the hash of their cell.
type Known map[string]KnownResult

// NewKnownResult returns the part of a result that plans depend on.
func NewKnownResult(r *store.Result) KnownResult {
	known := KnownResult{Collapsed: r.Collapsed, Open: r.MissingSingles()}
	if len(r.Attackers) > 0 {
		known.ASR = r.Attackers[0].ASR
	}
	return known
}

// MaxDraws is the largest number of triggers that an attacker draws until one of them reaches
// trigger.min_single_asr. If none has, the best of them is kept.
const MaxDraws = 10

// Candidate is one trigger that an attacker drew, with its success in the single game.
type Candidate struct {
	Draw int    `json:"draw"` // from 0
	Cell string `json:"cell"` // hash of the attacker's single game with it
	// ASR is the single ASR; nil if that game is not stored.
	ASR *game.Rate `json:"asr"`
	// Collapsed reports that the model of the single game is collapsed, so that its ASR means nothing.
	Collapsed bool `json:"collapsed"`
	// Kept reports that the attacker plays with this trigger.
	Kept bool `json:"kept"`
}

// selection is the trigger that an attacker plays with.
type selection struct {
	candidates []Candidate // nil: the trigger is not verified
	games      []*planned  // the single games of candidates
	current    int         // the draw that is kept or, while the selection is open, tried
	open       bool
}

// verifies reports whether the trigger of the attacker at a position has to reach trigger.min_single_asr. If every
// image has a trigger of its own, there is none to draw once more.
func (p *planner) verifies(position int) bool {
	return p.cfg.Trigger.MinSingleASR > 0 && !p.cfg.Trigger.PerImage() && position < p.cfg.Attackers.PlayedAlone()
}

// selectionOf returns the trigger that the attacker at a position plays with: the one that the verification planner
// keeps, or else the first; a colluder's is that of the earlier attacker that it follows. The error wraps ErrPlan.
func (p *planner) selectionOf(position int, known Known, earlier []selection) (selection, error) {
	var s selection
	if leader := p.all[position].Colludes; leader != nil {
		first := earlier[p.position(*leader)]
		s.current, s.open = first.current, first.open
		return s, nil
	}
	id := p.all[position].ID
	at := p.verification.position(id)
	if at < 0 || !p.verification.verifies(at) {
		return s, nil
	}
	s, err := p.verification.choose(at, known)
	if err != nil {
		return selection{}, fmt.Errorf("%w: attacker %d alone, to verify its trigger: %w", cell.ErrPlan, id, err)
	}
	return s, nil
}

// verifying returns the cell in which the attacker at a position is alone to verify its trigger with a draw. The
// attacker has the images that it plays with; with as many seats as attackers, those that it has in the largest
// game, which are the fewest. The training has a seed of its own: a trigger is kept because a model learnt it well,
// so that the same model as the figure "alone" would be a selected one, above what the trigger reaches on average.
func (p *planner) verifying(position, draw int) cell.Cell {
	attackers := slices.Clone(p.all)
	attackers[position].Draw = draw
	c := p.cellOf(attackers)
	single, ok := c.MatchedSingle(position)
	if !ok {
		single = c.Lone(position)
	}
	single.SeedTraining(streams.New(c.TrainingSeed(), "verification").Uint64())
	return single
}

// choose goes through an attacker's triggers as far as results are known: the first whose single ASR reaches
// trigger.min_single_asr is kept, or else, after MaxDraws, the best. If the model collapsed or the ASR is over
// no images, another trigger could not be judged better, so the search ends there. The error holds the reason
// why the attacker cannot be played alone.
func (p *planner) choose(position int, known Known) (selection, error) {
	var s selection
	draws := MaxDraws
	if p.all[position].Trigger.Kind.DrawnOnce() {
		draws = 1 // there is no other
	}
	for draw := range draws {
		single, err := p.cell(p.verifying(position, draw))
		if err != nil {
			return selection{}, err
		}
		s.games, s.candidates, s.current = append(s.games, single), append(s.candidates, Candidate{Draw: draw, Cell: single.hash}), draw
		result, ok := known[single.hash]
		if !ok {
			s.open = true
			return s, nil
		}
		s.candidates[draw].ASR, s.candidates[draw].Collapsed = &result.ASR, result.Collapsed
		if result.Collapsed || result.ASR.Of == 0 || result.ASR.Value() >= p.cfg.Trigger.MinSingleASR {
			break
		}
	}
	s.current = best(s.candidates)
	s.candidates[s.current].Kept = true
	return s, nil
}

// best returns the draw with the highest single ASR that means something, the earliest of equals; 0 if there is
// none.
func best(candidates []Candidate) int {
	at := 0
	for i, c := range candidates {
		if value := c.value(); value > candidates[at].value() {
			at = i
		}
	}
	return at
}

// value returns the single ASR of a candidate; a number below every ASR if it means nothing.
func (c Candidate) value() float64 {
	if c.Collapsed || c.ASR == nil || c.ASR.Of == 0 {
		return -1
	}
	return c.ASR.Value()
}
