package game

import (
	"fmt"

	"backfire/datasets"
	"backfire/triggers"
)

// LargeOverlap is the least share of common masked pixels (Jaccard index of the
// masks) at which a pair of triggers is recorded as overlapping.
const LargeOverlap = 0.5

// PairOverlap is a pair of attackers whose triggers overlap by LargeOverlap or
// more.
type PairOverlap struct {
	// A and B are attacker IDs, in the order of Rules.Attackers.
	A int `json:"a"`
	B int `json:"b"`
	triggers.Overlap
	// Declared reports whether the two share their trigger on purpose; see
	// Attacker.Colludes.
	Declared bool `json:"declared,omitempty"`
}

// Game is one deal of a dataset among a defender and its attackers, with the
// attackers' triggers and poisoned images. It is immutable and safe for
// concurrent use.
type Game struct {
	set        *datasets.Set
	shape      triggers.Shape
	rules      Rules
	deal       *Deal
	poison     []poisoning // by attacker, as are the next two
	generators []*triggers.Generator
	triggers   []*triggers.Trigger // empty with PerImage
	kept       []*triggers.Trigger // the part of each that all images carry; empty without jitter
	overlaps   []PairOverlap
}

// New validates the rules (see Rules.Validate), deals the images, chooses those
// to be poisoned and draws the triggers. The error wraps ErrRules or, if two
// attackers that do not collude drew the same trigger, ErrCollision. The set
// must not change as long as the game is in use.
func New(set *datasets.Set, rules Rules) (*Game, error) {
	a, err := rules.arrange(set)
	if err != nil {
		return nil, err
	}
	g := &Game{set: set, shape: shapeOf(set), rules: rules.Resolve(set), deal: a.deal, poison: a.poison}
	for _, attacker := range rules.Attackers {
		generator, err := triggers.NewGenerator(g.shape, attacker.Trigger)
		if err != nil {
			return nil, fmt.Errorf("game: attacker %d: %w", attacker.ID, err)
		}
		g.generators = append(g.generators, generator)
		if rules.Sampling == PerAgent {
			trigger, err := attacker.drawTrigger(generator, rules.triggerSeed())
			if err != nil {
				return nil, fmt.Errorf("game: %w: attacker %d: %w", ErrRules, attacker.ID, err)
			}
			g.triggers = append(g.triggers, trigger)
			if rules.Jitter > 0 {
				g.kept = append(g.kept, rules.kept(attacker, trigger))
			}
		}
	}
	return g, g.compareTriggers()
}

// collisionRemedy returns the advice for an attacker whose trigger equals
// another attacker's.
func (a Attacker) collisionRemedy() string {
	if a.Trigger.Kind == triggers.Picture {
		return "choose another picture, or declare that they collude"
	}
	if a.Trigger.Kind == triggers.Patch {
		return "let place or colour be random, or declare that they collude"
	}
	return "choose another seed or larger p1 and p2, or declare that they collude"
}

// triggerSeed returns the seed of the triggers' streams.
func (r Rules) triggerSeed() uint64 {
	if r.TriggerSeed != nil {
		return *r.TriggerSeed
	}
	return r.Seed
}

// shapeOf returns the shape of a dataset's images.
func shapeOf(set *datasets.Set) triggers.Shape {
	return triggers.Shape{C: set.C, H: set.H, W: set.W}
}

// compareTriggers refuses equal triggers of attackers that do not collude, and
// records the pairs that overlap.
func (g *Game) compareTriggers() error {
	for j, b := range g.triggers {
		for i, a := range g.triggers[:j] {
			o := triggers.Compare(a, b)
			x, y := g.rules.Attackers[i], g.rules.Attackers[j]
			declared := x.Leader() == y.Leader()
			if o.Collides() && !declared {
				return fmt.Errorf("game: attackers %d and %d (seed %d, trigger %s): %w: %s",
					x.ID, y.ID, g.rules.triggerSeed(), a.ID(), ErrCollision, x.collisionRemedy())
			}
			if o.Jaccard >= LargeOverlap && !agreed(x, y) {
				g.overlaps = append(g.overlaps, PairOverlap{A: x.ID, B: y.ID, Overlap: o, Declared: declared})
			}
		}
	}
	return nil
}

// Rules returns the rules of the game as Rules.Resolve returns them.
func (g *Game) Rules() Rules { return g.rules }

// Deal returns the shares of all agents. The caller must not change them.
func (g *Game) Deal() *Deal { return g.deal }

// Triggers returns each attacker's trigger, in the order of Rules.Attackers. It
// is empty if Sampling is PerImage. With jitter, images carry a part of it; see
// TriggerOf. The caller must not change the triggers.
func (g *Game) Triggers() []*triggers.Trigger { return g.triggers }

// Overlaps returns the pairs of attackers whose triggers share at least
// LargeOverlap of their pixels. It is empty if Sampling is PerImage.
func (g *Game) Overlaps() []PairOverlap { return g.overlaps }

// stamp stamps the trigger of the attacker at a position on img, a copy of the
// dataset's image at index source.
func (g *Game) stamp(img []uint8, position, source int) {
	g.TriggerOf(position, source).Stamp(img)
}
