package summary

import (
	"math"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/stats"
)

// SuccessLift is the least lift at which an attacker succeeds.
const SuccessLift = 0.5

// Comparison is another game of an attacker, and its figures there.
type Comparison struct {
	Cell string `json:"cell"` // hash
	// ASR and Lift are nil if that game is not stored, and Lift also if it is over no images.
	ASR  *game.Rate    `json:"asr"`
	Lift *stats.Number `json:"lift"`
}

// comparison returns an attacker's figures in the game called hash; nil if none is planned.
func (j joiner) comparison(hash string, id int) (*Comparison, error) {
	if hash == "" {
		return nil, nil
	}
	result, err := j.results.Read(hash)
	if err != nil {
		return nil, err
	}
	return NewComparison(hash, result, id), nil
}

// NewComparison returns the figures of the attacker with an ID in the result of the game called hash, which is nil if
// that game is not stored.
func NewComparison(hash string, result *store.Result, id int) *Comparison {
	c := &Comparison{Cell: hash}
	if result == nil {
		return c
	}
	for i := range result.Attackers {
		if a := &result.Attackers[i]; a.ID == id {
			c.ASR, c.Lift = &a.ASR, defined(a.Lift)
		}
	}
	return c
}

// defined returns a number, nil if it is undefined.
func defined(n stats.Number) *stats.Number {
	if math.IsNaN(float64(n)) {
		return nil
	}
	return &n
}

// minus returns a - b, nil if one of them is nil.
func minus(a, b *stats.Number) *stats.Number {
	if a == nil || b == nil {
		return nil
	}
	return defined(*a - *b)
}

// Compare sets the measures of a game's attackers that follow from others of their figures. In a game with a
// defense, interference would hold the defense's effect, too, so that only the undefended game has it, with dilution
// and the law of shares.
func (r *GameResult) Compare() {
	poisoned, withLabel := 0, map[game.TargetLabel]int{}
	for _, a := range r.Attackers {
		poisoned += a.Poisoned
		withLabel[a.Target] += a.Poisoned
	}
	for i := range r.Attackers {
		a := &r.Attackers[i]
		a.Success, a.Interference, a.Dilution, a.ShareLaw = nil, nil, nil, nil
		if lift := defined(a.Lift); lift != nil {
			success := *lift >= SuccessLift
			a.Success = &success
		}
		if r.Defender != plan.Undefended {
			continue
		}
		if a.SingleCell != r.Cell { // otherwise there are no others
			a.Interference = minus(defined(a.Lift), a.SingleLift)
		}
		if a.Lone != nil {
			a.Dilution = minus(a.SingleLift, a.Lone.Lift)
		}
		if a.SingleASR != nil && a.SingleASR.Of > 0 && poisoned > 0 {
			a.ShareLaw = defined(stats.Number(a.SingleASR.Value() * float64(withLabel[a.Target]) / float64(poisoned)))
		}
	}
}
