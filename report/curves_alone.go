package report

import (
	"fmt"
	"math"
	"slices"

	"backfire/experiments/curve"
	"backfire/figures"
	"backfire/stats"
)

// aloneLearning draws the learning curves of the leading game beside those of its attackers alone:
// the mean ASR and the standard accuracy after each epoch.
func (d *drawing) aloneLearning() error {
	s := d.leading()
	if s == nil || d.opt.Curve == nil || len(s.curve()) < 2 {
		return nil
	}
	alone, err := d.aloneCurves(s)
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
// all of them were scored.
func (d *drawing) aloneCurves(s *series) ([]aloneEpoch, error) {
	var epochs []aloneEpoch
	singles := 0
	for _, p := range s.complete() {
		for _, a := range p.game.Attackers {
			if a.SingleCell == "" {
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
