package plan

import (
	"fmt"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/triggers"
)

// Finding is what a stored result says that plans depend on.
type KnownResult struct {
	ASR       game.Rate // of the first attacker
	Collapsed bool

	Open []string // see Result.open

	Unread bool // the result is there, and was not looked at: nothing depends on it
}

// Findings are the results found so far, by the hash of their cell.
type Known map[string]KnownResult

// findingOf takes a finding from a result.
func NewKnownResult(r *store.Result) KnownResult {
	f := KnownResult{Collapsed: r.Collapsed, Open: r.MissingSingles()}
	if len(r.Attackers) > 0 {
		f.ASR = r.Attackers[0].ASR
	}
	return f
}

// MaxDraws is how many triggers an attacker draws at most until one of them
// reaches trigger.min_single_asr. When none has, the best of them is kept.
const MaxDraws = 10

// Draw is one trigger that an attacker drew, and what it is worth alone.
type Candidate struct {
	Draw int    `json:"draw"` // from 0
	Cell string `json:"cell"` // hash of the game in which the attacker is alone with it
	// ASR is the single ASR; nil if that game is not stored.
	ASR *game.Rate `json:"asr"`
	// Collapsed says that the single ASR means nothing.
	Collapsed bool `json:"collapsed"`
	// Kept says that the attacker plays with this trigger.
	Kept bool `json:"kept"`
}

// choice is the trigger that an attacker plays with.
type selection struct {
	draws   []Candidate // nil: the trigger does not have to prove itself
	made    []*planned  // the games of draws
	current int         // the draw that is kept or, while the choice is open, tried
	open    bool
	// alone is the game in which the attacker is alone with that draw; nil if it
	// is not played alone.
	alone *planned
}

// verifies says whether the trigger of an attacker has to prove itself. Where
// every image has a trigger of its own, none could be drawn again.
func (p *planner) verifies(id int) bool {
	return p.cfg.Trigger.MinSingleASR > 0 && game.Sampling(p.cfg.Trigger.Sampling) == game.PerAgent && id < p.cfg.Attackers.PlayedAlone()
}

// choice returns the trigger that an attacker plays with: the one that the judge
// keeps, or else the first; a colluder's is that of the earlier attacker that it
// follows. The error wraps ErrPlan.
func (p *planner) selectionOf(id int, found Known, earlier []selection) (selection, error) {
	var c selection
	if leader := p.all[id].Colludes; leader != nil {
		c.current, c.open = earlier[*leader].current, earlier[*leader].open
	} else if id < len(p.judge.all) && p.judge.verifies(id) {
		var err error
		if c, err = p.judge.choose(id, found); err != nil {
			return selection{}, fmt.Errorf("%w: attacker %d alone, to verify its trigger: %w", cell.ErrPlan, id, err)
		}
	}
	if id < p.cfg.Attackers.PlayedAlone() {
		attacker := p.all[id]
		attacker.Draw = c.current
		var err error
		if c.alone, err = p.cell([]game.Attacker{attacker}); err != nil {
			return selection{}, fmt.Errorf("%w: attacker %d alone: %w", cell.ErrPlan, id, err)
		}
	}
	return c, nil
}

// choose goes through an attacker's triggers as far as results are found: the
// first whose single ASR reaches trigger.min_single_asr is kept, or else, after
// MaxDraws, the best. Where the model collapsed or the ASR is over no images,
// another trigger would be no better judged, so that the search ends there. The
// error says why the attacker cannot be played alone.
func (p *planner) choose(id int, found Known) (selection, error) {
	var c selection
	draws := MaxDraws
	if p.all[id].Trigger.Kind == triggers.Picture {
		draws = 1 // there is no other
	}
	for draw := range draws {
		attacker := p.all[id]
		attacker.Draw = draw
		made, err := p.cell([]game.Attacker{attacker})
		if err != nil {
			return selection{}, err
		}
		c.made, c.draws, c.current = append(c.made, made), append(c.draws, Candidate{Draw: draw, Cell: made.hash}), draw
		finding, ok := found[made.hash]
		if !ok {
			c.open = true
			return c, nil
		}
		c.draws[draw].ASR, c.draws[draw].Collapsed = &finding.ASR, finding.Collapsed
		if finding.Collapsed || finding.ASR.Of == 0 || finding.ASR.Value() >= p.cfg.Trigger.MinSingleASR {
			break
		}
	}
	c.current = best(c.draws)
	c.draws[c.current].Kept = true
	return c, nil
}

// best is the draw with the highest single ASR that means something, the
// earliest of equals; 0 if none does.
func best(draws []Candidate) int {
	at := 0
	for i, d := range draws {
		if value := d.value(); value > draws[at].value() {
			at = i
		}
	}
	return at
}

// value is the single ASR of a draw, below every ASR where it means nothing.
func (d Candidate) value() float64 {
	if d.Collapsed || d.ASR == nil || d.ASR.Of == 0 {
		return -1
	}
	return d.ASR.Value()
}
