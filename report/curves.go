package report

import (
	"fmt"
	"strconv"

	"backfire/experiments/curve"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/report/table"
	"backfire/stats"
)

// curveRows lists every value of the games' learning curves.
func (b *builder) curveRows() {
	for _, s := range b.all {
		for _, p := range s.complete() {
			row := table.CurveRow{
				Point: p.point.Name, Keys: p.point.Keys, Seed: p.point.Seed, Defender: s.defender, N: s.n, Model: p.game.Cell,
			}
			for _, scores := range p.game.Curve {
				row.Epoch = scores.Epoch
				row.Model, row.Agent = p.game.Cell, table.CurveDefender
				row.Measure, row.Value = curve.StandardAccuracy, stats.Number(scores.CleanAccuracy.Value())
				b.table.CurveRows = append(b.table.CurveRows, row)
				for i, a := range scores.Attackers {
					row.Model, row.Agent = p.game.Attackers[i].Model, strconv.Itoa(a.ID)
					for _, m := range curve.Measures() {
						row.Measure, row.Value = m.Name, stats.Number(m.Of(a))
						b.table.CurveRows = append(b.table.CurveRows, row)
					}
				}
			}
		}
	}
}

// mostCurveAttackers is the number of attackers up to which each has a line in the
// figure of a learning curve.
const mostCurveAttackers = 10

// learning draws the learning curve of each game that has one, a figure for each: the
// attackers' ASRs and the standard accuracy against the epoch, means over the seeds. Of
// more than mostCurves games it draws some.
func (d *drawing) learning() error {
	var scored []*series
	for _, s := range d.done() {
		if len(s.curve()) > 1 { // a point is no curve
			scored = append(scored, s)
		}
	}
	drawn := scored
	if len(drawn) > mostCurves {
		drawn = spreadOut(drawn, mostCurves)
	}
	for i, s := range drawn {
		chart := s.learningChart(d.gameName(s))
		chart.Name = fmt.Sprintf("learning-%d", i+1)
		if len(drawn) < len(scored) {
			chart.Caption += fmt.Sprintf(" %d of %d games have such a figure.", len(drawn), len(scored))
		}
		if err := d.add(chart, []*series{s}); err != nil {
			return err
		}
	}
	return nil
}

// learningChart returns the figure of the game's learning curve.
func (s *series) learningChart(name string) figures.Chart {
	chart := figures.Chart{
		Title: "Learning curves, " + name,
		Caption: "ASR of each attacker and standard accuracy after epochs, on the held-out images that curves are measured on; mean over the seeds. " +
			"Points with capped bars: 95 % CI over the seeds.",
		X: figures.Axis{Label: "epoch", Count: true}, Y: figures.Axis{Label: "ASR and standard accuracy", Share: true, Whole: true},
	}
	accuracy := figures.Line{Name: "standard accuracy", Quiet: true, Bare: true}
	average := figures.Line{Name: "mean ASR"}
	lines := make([]figures.Line, s.n)
	for i, a := range s.attackers() {
		lines[i] = figures.Line{Name: fmt.Sprintf("attacker %d", a.ID), Bare: true}
	}
	for _, at := range s.curve() {
		x := float64(at.epoch)
		accuracy.Points = append(accuracy.Points, figures.At(x, at.mean(func(p curve.Point) float64 { return p.CleanAccuracy.Value() })))
		over := table.NewSpread(table.QuantityASR, at.asrs())
		average.Points = append(average.Points, point(x, over))
		for i := range lines {
			lines[i].Points = append(lines[i].Points, figures.At(x, at.mean(func(p curve.Point) float64 { return p.Attackers[i].ASR.Value() })))
		}
	}
	if s.n > mostCurveAttackers {
		chart.Caption += fmt.Sprintf(" Of the %d attackers the mean is shown; thin bars: population standard deviation over them.", s.n)
		lines = nil
	} else {
		for i := range average.Points { // the lines show the spread
			average.Points[i].Spread = float64(stats.Undefined())
		}
	}
	if s.n == 1 { // its line is the mean
		average.Name, lines = lines[0].Name, nil
	}
	chart.Lines = append(append([]figures.Line{average}, lines...), accuracy)
	return chart
}

// scoredEpoch holds the points of a game's learning curves after one epoch, one for each
// seed.
type scoredEpoch struct {
	epoch  int
	points []curve.Point
}

// mean returns the mean of a rate over the seeds.
func (e scoredEpoch) mean(of func(curve.Point) float64) float64 {
	return float64(stats.Over(e.points, of).Mean)
}

// asrs returns the ASR over the attackers of each seed.
func (e scoredEpoch) asrs() []stats.Summary {
	var all []stats.Summary
	for _, p := range e.points {
		all = append(all, p.ASRs())
	}
	return all
}

// curve returns the epochs after which the game is scored in every seed that has a result;
// none if one of these seeds has no learning curve.
func (s *series) curve() []scoredEpoch {
	done := s.complete()
	if len(done) == 0 {
		return nil
	}
	var epochs []scoredEpoch
	for _, first := range done[0].game.Curve {
		at := scoredEpoch{epoch: first.Epoch}
		for _, p := range done {
			if point, ok := pointAfter(p.game, first.Epoch); ok {
				at.points = append(at.points, point)
			}
		}
		if len(at.points) == len(done) {
			epochs = append(epochs, at)
		}
	}
	return epochs
}

// pointAfter returns the point of a game's learning curve after an epoch, and whether there
// is one.
func pointAfter(g *summary.GameSummary, epoch int) (curve.Point, bool) {
	for _, p := range g.Curve {
		if p.Epoch == epoch {
			return p, true
		}
	}
	return curve.Point{}, false
}
