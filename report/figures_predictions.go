package report

import (
	"fmt"
	"math"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/stats"
)

// largestUndefended returns the undefended game with the most attackers that has results, nil if
// there is none.
func (d *drawing) largestUndefended() *series {
	var largest *series
	for _, s := range d.done() {
		if s.defended() == "" && (largest == nil || s.n > largest.n) {
			largest = s
		}
	}
	return largest
}

// predicted is what a model of a game predicted.
type predicted struct {
	played
	result  *store.Result
	classes []uint16 // by probe
}

// predictions returns what the models of a game of each seed predicted; none where a model's
// predictions are missing.
func (d *drawing) predictions(s *series) ([]predicted, error) {
	if d.opt.Predictions == nil || d.opt.Result == nil {
		return nil, nil
	}
	var all []predicted
	for _, p := range s.complete() {
		result, err := d.opt.Result(p.game.Cell)
		if err != nil {
			return nil, err
		}
		classes, err := d.opt.Predictions(p.game.Cell)
		if err != nil {
			return nil, err
		}
		probes := 0
		if result != nil {
			probes = result.CleanAccuracy.Of
			for _, a := range result.Attackers {
				probes += 2 * a.HeldOut
			}
		}
		if result == nil || len(classes) < probes || len(result.Attackers) != s.n {
			return nil, nil
		}
		all = append(all, predicted{p, result, classes})
	}
	return all, nil
}

// shares returns the share of each class among predictions from a probe on.
func (p predicted) shares(from, images int) []float64 {
	shares := make([]float64, len(p.point.Data.Classes))
	for _, class := range p.classes[from : from+images] {
		if int(class) < len(shares) {
			shares[class] += 1 / float64(images)
		}
	}
	return shares
}

// mostClasses is the largest number of classes that maps of classes show.
const mostClasses = 100

// destinations draws what the images with each attacker's trigger are taken for, and the same
// images without it, in the largest undefended game.
func (d *drawing) destinations() error {
	s := d.largestUndefended()
	if s == nil || s.n > mostCross || s.labels == "random" {
		return nil
	}
	all, err := d.predictions(s)
	if err != nil || len(all) == 0 || len(all[0].point.Data.Classes) > mostClasses {
		return err
	}
	heat := figures.Heat{
		Name: "destinations", Title: "What images with triggers are taken for, " + d.gameName(s), Images: math.MaxInt,
		Caption:  "Share of each attacker's held-out images with its trigger that are predicted as each class, in percent; last row: all of these images without a trigger.",
		RowLabel: "trigger of", ColumnLabel: "predicted as", Columns: all[0].point.Data.Classes,
	}
	rows := make([][][]float64, s.n+1) // by row and seed
	for _, p := range all {
		at, attackers := p.result.CleanAccuracy.Of, 0
		for _, a := range p.result.Attackers {
			attackers += a.HeldOut
		}
		if attackers > 0 {
			rows[s.n] = append(rows[s.n], p.shares(at, attackers))
		}
		at += attackers
		for i, a := range p.result.Attackers {
			if a.HeldOut > 0 {
				rows[i] = append(rows[i], p.shares(at, a.HeldOut))
			}
			heat.Images = min(heat.Images, a.HeldOut*len(all))
			at += a.HeldOut
		}
	}
	for i, a := range s.attackers() {
		heat.Rows = append(heat.Rows, fmt.Sprint(a.ID))
		heat.Shares = append(heat.Shares, meanRow(rows[i], len(heat.Columns)))
	}
	heat.Rows = append(heat.Rows, "none")
	heat.Shares = append(heat.Shares, meanRow(rows[s.n], len(heat.Columns)))
	return d.add(heat, []*series{s})
}

// meanRow returns the mean of rows, NaN without any.
func meanRow(rows [][]float64, columns int) []float64 {
	mean := make([]float64, columns)
	for j := range mean {
		mean[j] = float64(stats.Over(rows, func(row []float64) float64 { return row[j] }).Mean)
	}
	return mean
}

// confusion draws, for each true class of the defender's clean images, what they are taken for in
// the largest undefended game. The diagonal is the accuracy of a class.
func (d *drawing) confusion() error {
	s := d.largestUndefended()
	if s == nil || d.opt.Labels == nil {
		return nil
	}
	all, err := d.predictions(s)
	if err != nil || len(all) == 0 || len(all[0].point.Data.Classes) > mostClasses {
		return err
	}
	classes := all[0].point.Data.Classes
	counts := make([][]float64, len(classes))
	for i := range counts {
		counts[i] = make([]float64, len(classes))
	}
	for _, p := range all {
		labels, err := d.opt.Labels(p.game.Cell)
		if err != nil {
			return err
		}
		if len(labels) != p.result.CleanAccuracy.Of {
			return nil // the images are not here
		}
		for i, label := range labels {
			if guess := int(p.classes[i]); int(label) < len(classes) && guess < len(classes) {
				counts[label][guess]++
			}
		}
	}
	heat := figures.Heat{
		Name: "confusion", Title: "Confusion of classes on clean images, " + d.gameName(s), Images: math.MaxInt,
		Caption:  "Share of the defender's held-out images of each class that are predicted as each class, in percent, over all seeds; on the diagonal the accuracy of the class.",
		RowLabel: "class", ColumnLabel: "predicted as", Rows: classes, Columns: classes,
	}
	for _, row := range counts {
		images := 0.0
		for _, n := range row {
			images += n
		}
		shares := make([]float64, len(row))
		for j, n := range row {
			shares[j] = n / images // NaN for a class without images
		}
		if images > 0 {
			heat.Images = min(heat.Images, int(images))
		}
		heat.Shares = append(heat.Shares, shares)
	}
	return d.add(heat, []*series{s})
}

// Examined returns the game whose model a page looks at closely: of the complete games on a dataset
// without a defense the first with the most attackers; nil if there is none.
func Examined(s *summary.Summary, dataset string) *summary.GameSummary {
	var largest *summary.GameSummary
	for i := range s.Points {
		if s.Points[i].Data.Name != dataset {
			continue
		}
		for j := range s.Points[i].Games {
			g := &s.Points[i].Games[j]
			if g.Complete && g.Defender == plan.Undefended && (largest == nil || g.N > largest.N) {
				largest = g
			}
		}
	}
	return largest
}
