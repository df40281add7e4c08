package report

import (
	"fmt"
	"math"
	"slices"

	"backfire/experiments/curve"
	"backfire/figures"
	"backfire/game"
	"backfire/stats"
)

// aloneLearning draws the learning curves of the leading game beside those of its attackers alone:
// the mean ASR and the standard accuracy after each epoch.
func (d *drawing) aloneLearning() error {
	s := d.leading()
	if s == nil || d.opt.Curve == nil || len(s.curve()) < 2 {
		return nil
	}
	alone, err := d.aloneCurves(s, everyAttacker)
	if err != nil || len(alone) < 2 {
		return err
	}
	chart := figures.Chart{
		Name: "learning-alone-among", Title: fmt.Sprintf("Learning curves alone and among %d", s.n),
		Caption: "Mean ASR over the attackers and standard accuracy after epochs, on the held-out images that curves are measured on; means over the seeds. Alone: the matched singles.",
		X:       figures.Axis{Label: "epoch", Count: true}, Y: figures.Axis{Label: "ASR and standard accuracy", Share: true, Whole: true},
		Lines: []figures.Line{
			{Name: fmt.Sprintf("ASR among %d", s.n)},
			{Name: "ASR alone"},
			{Name: fmt.Sprintf("standard accuracy among %d", s.n), Bare: true},
			{Name: "standard accuracy alone", Bare: true},
		},
	}
	for _, at := range s.curve() {
		x := float64(at.epoch)
		asr := stats.Over(at.points, func(p curve.Point) float64 { return float64(p.ASRs().Mean) })
		clean := stats.Over(at.points, func(p curve.Point) float64 { return p.CleanAccuracy.Value() })
		chart.Lines[0].Points = append(chart.Lines[0].Points, figures.At(x, float64(asr.Mean)))
		chart.Lines[2].Points = append(chart.Lines[2].Points, figures.At(x, float64(clean.Mean)))
	}
	for _, at := range alone {
		chart.Lines[1].Points = append(chart.Lines[1].Points, figures.At(float64(at.epoch), float64(stats.Summarize(at.asr).Mean)))
		chart.Lines[3].Points = append(chart.Lines[3].Points, figures.At(float64(at.epoch), float64(stats.Summarize(at.clean).Mean)))
	}
	return d.add(chart, []*series{s})
}

// aloneEpoch holds the rates of all matched singles after an epoch.
type aloneEpoch struct {
	epoch      int
	asr, clean []float64
}

// aloneCurves returns the curves of the matched singles of a game, by epoch; those epochs after which
// all of them were scored. With one, only the singles of the attacker at that position count.
func (d *drawing) aloneCurves(s *series, one int) ([]aloneEpoch, error) {
	var epochs []aloneEpoch
	singles := 0
	for _, p := range s.complete() {
		for position, a := range p.game.Attackers {
			if a.SingleCell == "" || one != everyAttacker && position != one {
				continue
			}
			scored, err := d.opt.Curve(a.SingleCell)
			if err != nil {
				return nil, err
			}
			if scored == nil {
				return nil, nil
			}
			singles++
			for _, at := range scored.Points {
				i := slices.IndexFunc(at.Attackers, func(one curve.Attacker) bool { return one.ID == a.ID })
				if i < 0 || math.IsNaN(at.Attackers[i].ASR.Value()) {
					continue
				}
				j := slices.IndexFunc(epochs, func(e aloneEpoch) bool { return e.epoch == at.Epoch })
				if j < 0 {
					epochs, j = append(epochs, aloneEpoch{epoch: at.Epoch}), len(epochs)
				}
				epochs[j].asr, epochs[j].clean = append(epochs[j].asr, at.Attackers[i].ASR.Value()), append(epochs[j].clean, at.CleanAccuracy.Value())
			}
		}
	}
	return slices.DeleteFunc(epochs, func(e aloneEpoch) bool { return len(e.asr) < singles }), nil
}

// everyAttacker stands for a position of an attacker.
const everyAttacker = -1

// mostAlone is the largest number of attackers that have a figure of their own curves.
const mostAlone = 5

// attackersLearning draws the ASR of each of the first attackers of the leading game after each epoch, beside that of
// the same attacker alone.
func (d *drawing) attackersLearning() error {
	s := d.leading()
	if s == nil || d.opt.Curve == nil || len(s.curve()) < 2 {
		return nil
	}
	for i, a := range s.attackers() {
		if i == mostAlone {
			break
		}
		alone, err := d.aloneCurves(s, i)
		if err != nil {
			return err
		}
		if len(alone) < 2 {
			continue
		}
		chart := figures.Chart{
			Name: fmt.Sprintf("learning-attacker-%d", a.ID), Title: fmt.Sprintf("Learning curve of attacker %d, alone and among %d", a.ID, s.n),
			Caption: "ASR after epochs, on the held-out images that curves are measured on; means over the seeds. Alone: the matched single.",
			X:       figures.Axis{Label: "epoch", Count: true}, Y: figures.Axis{Label: "ASR", Share: true, Whole: true},
			Lines: []figures.Line{{Name: fmt.Sprintf("among %d", s.n)}, {Name: "alone"}},
		}
		for _, at := range s.curve() {
			chart.Lines[0].Points = append(chart.Lines[0].Points, at.mean(func(p curve.Point) game.Rate { return p.Attackers[i].ASR }, once))
		}
		for _, at := range alone {
			chart.Lines[1].Points = append(chart.Lines[1].Points, figures.At(float64(at.epoch), float64(stats.Summarize(at.asr).Mean)))
		}
		if err := d.add(chart, []*series{s}); err != nil {
			return err
		}
	}
	return nil
}
