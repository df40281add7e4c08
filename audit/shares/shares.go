// Package shares tests H1, the law of shares, on plain numbers: where the network cannot
// tell triggers apart, the attackers share their single success in proportion to the
// poisoned images that carry their label; where it tells them apart, or labels agree, an
// attacker loses nothing to the others.
//
//	predicted ASR_i = single ASR_i (d + (1 - d) a_i)
//
// where a_i is the label agreement, the share of all poisoned images that carry i's label,
// and d in [0, 1] the distinguishability of the triggers. With d = 0 it is the formula of
// the summary's share_law, with d = 1 it predicts no interference.
//
// d is either that of the design (1 - trigger.jitter; 0 with one pattern per image), which is
// known before anything is trained, or measured by the cross-trigger matrix: how rarely
// images with one attacker's trigger are taken for another's label. The measure for an
// attacker is that of the other rows of the matrix, so that no attacker's ASR takes part in
// its own prediction.
package shares

import (
	"errors"
	"fmt"
	"math"

	"backfire/stats"
)

// ErrGames is wrapped by every refusal of games.
var ErrGames = errors.New("bad games")

// Attacker is an attacker of a game without a defense.
type Attacker struct {
	ID     int `json:"id"`
	Target int `json:"target"` // class number of its label
	// Poisoned is the number of images that carry its trigger.
	Poisoned int `json:"poisoned"`
	// ASR is its ASR in the game, Single that of its matched single; shares in [0, 1], each
	// undefined if it was not measured.
	ASR    stats.Number `json:"asr"`
	Single stats.Number `json:"single_asr"`
}

// Game is a game of several attackers.
type Game struct {
	// Condition names the games that differ in the seed alone, such as "per_image, random
	// labels, N = 5".
	Condition string     `json:"condition"`
	Seed      uint64     `json:"seed"`
	Attackers []Attacker `json:"attackers"`
	// Design is the distinguishability of the triggers by design, in [0, 1].
	Design float64 `json:"design"`
	// Cross is the cross-trigger matrix: by row, the share of the attacker's images with its
	// trigger that are predicted as each attacker's label. It may be nil.
	Cross [][]float64 `json:"cross,omitempty"`
}

// Prediction is the law's prediction for one attacker, beside what was measured.
type Prediction struct {
	Condition string `json:"condition"`
	Seed      uint64 `json:"seed"`
	N         int    `json:"n"`
	Attacker  int    `json:"attacker"`
	// Agreement is a_i, the share of all poisoned images that carry its label.
	Agreement float64 `json:"agreement"`
	// Design and Measured are the two distinguishabilities; Measured is undefined where the
	// matrix does not tell.
	Design   float64      `json:"design"`
	Measured stats.Number `json:"measured"`
	Single   float64      `json:"single_asr"`
	ASR      float64      `json:"asr"`
	// Predicted is the ASR by the law with Design, ByMatrix that with Measured.
	Predicted float64      `json:"predicted_asr"`
	ByMatrix  stats.Number `json:"predicted_asr_by_matrix"`
}

// Conflict returns the share of its single success that the law has an attacker lose:
// (1 - distinguishability) (1 - agreement), with the measured distinguishability, or the
// design's where the matrix does not tell.
func (p Prediction) Conflict() float64 {
	if p.Measured.Defined() {
		return (1 - float64(p.Measured)) * (1 - p.Agreement)
	}
	return p.conflictByDesign()
}

// conflictByDesign returns the share that an attacker loses by the design's
// distinguishability.
func (p Prediction) conflictByDesign() float64 { return (1 - p.Design) * (1 - p.Agreement) }

// Interference returns the difference of the ASRs among others and alone.
func (p Prediction) Interference() float64 { return p.ASR - p.Single }

// Residual returns the difference of the measured and the predicted ASR.
func (p Prediction) Residual() float64 { return p.ASR - p.Predicted }

// Predict returns the prediction for each attacker that has both ASRs, in games of two
// attackers or more. The error wraps ErrGames.
func Predict(games []Game) ([]Prediction, error) {
	all := []Prediction{}
	for _, g := range games {
		if err := g.check(); err != nil {
			return nil, err
		}
		if len(g.Attackers) < 2 {
			continue
		}
		poisoned, withLabel := 0, map[int]int{}
		for _, a := range g.Attackers {
			poisoned += a.Poisoned
			withLabel[a.Target] += a.Poisoned
		}
		for i, a := range g.Attackers {
			if !a.ASR.Defined() || !a.Single.Defined() || poisoned == 0 {
				continue
			}
			p := Prediction{
				Condition: g.Condition, Seed: g.Seed, N: len(g.Attackers), Attacker: a.ID,
				Agreement: float64(withLabel[a.Target]) / float64(poisoned),
				Design:    g.Design, Measured: g.distinguished(i), Single: float64(a.Single), ASR: float64(a.ASR),
			}
			p.Predicted = law(p.Single, p.Design, p.Agreement)
			p.ByMatrix = stats.Number(law(p.Single, float64(p.Measured), p.Agreement))
			all = append(all, p)
		}
	}
	return all, nil
}

// ByMatrix returns the predictions of attackers of whose triggers the matrix tells how far they
// are told apart, with that in place of the design's distinguishability. It leaves the
// design's where all labels agree, since it makes no difference there.
func ByMatrix(predictions []Prediction) []Prediction {
	var measured []Prediction
	for _, p := range predictions {
		switch {
		case p.Measured.Defined():
			p.Design, p.Predicted = float64(p.Measured), float64(p.ByMatrix)
		case p.Agreement < 1:
			continue
		}
		measured = append(measured, p)
	}
	return measured
}

// law returns the ASR that the law of shares predicts.
func law(single, distinguishability, agreement float64) float64 {
	return single * (distinguishability + (1-distinguishability)*agreement)
}

// leastTaken is the least share of an attacker's images that must be taken for any of the
// attackers' labels, for their distribution to tell anything.
const leastTaken = 0.2

// distinguished returns the distinguishability that the rows of the matrix show, apart from
// that of the attacker at a position.
//
// Of the images with j's trigger that are taken for an attacker's label, let s be the share
// that is taken for another label than j's. If the network told no trigger apart, s would
// be 1 - a_j on average; so d_j = 1 - s/(1 - a_j), at least 0. The result is the mean of
// d_j over the attackers j that tell: those whose label is not that of all, and of whose
// images leastTaken or more are taken for any label.
func (g Game) distinguished(position int) stats.Number {
	poisoned, withLabel := 0.0, map[int]float64{}
	var columns []int // of the first attacker with each label, so that a label counts once
	for i, a := range g.Attackers {
		if _, known := withLabel[a.Target]; !known {
			columns = append(columns, i)
		}
		poisoned += float64(a.Poisoned)
		withLabel[a.Target] += float64(a.Poisoned)
	}
	var values []float64
	for j, a := range g.Attackers {
		if j == position || g.Cross == nil {
			continue
		}
		own, taken := 0.0, 0.0
		for _, at := range columns {
			if share := g.Cross[j][at]; !math.IsNaN(share) {
				taken += share
				if g.Attackers[at].Target == a.Target {
					own = share
				}
			}
		}
		if others := 1 - withLabel[a.Target]/poisoned; others > 0 && taken >= leastTaken {
			values = append(values, max(0, 1-(1-own/taken)/others))
		}
	}
	return stats.Summarize(values).Mean
}

// check refuses games with shares out of range, or a matrix of another size.
func (g Game) check() error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("shares: %w: %s, seed %d: %s", ErrGames, g.Condition, g.Seed, fmt.Sprintf(format, args...))
	}
	if allowed := g.Design >= 0 && g.Design <= 1; !allowed {
		return refuse("a distinguishability of %v: must be from 0 to 1", g.Design)
	}
	for _, a := range g.Attackers {
		for _, of := range []struct {
			name  string
			share stats.Number
		}{{"ASR", a.ASR}, {"single ASR", a.Single}} {
			if of.share < 0 || of.share > 1 {
				return refuse("attacker %d: %s is %v: must be from 0 to 1", a.ID, of.name, of.share)
			}
		}
		if a.Poisoned < 0 {
			return refuse("attacker %d: %d poisoned images", a.ID, a.Poisoned)
		}
	}
	if g.Cross == nil {
		return nil
	}
	if len(g.Cross) != len(g.Attackers) {
		return refuse("a cross-trigger matrix of %d rows for %d attackers", len(g.Cross), len(g.Attackers))
	}
	for i, row := range g.Cross {
		if len(row) != len(g.Attackers) {
			return refuse("row %d of the cross-trigger matrix has %d values for %d attackers", i, len(row), len(g.Attackers))
		}
		for _, share := range row {
			if share < 0 || share > 1 {
				return refuse("row %d of the cross-trigger matrix has %v: must be from 0 to 1", i, share)
			}
		}
	}
	return nil
}
