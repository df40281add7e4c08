package summary

import (
	"slices"

	"backfire/experiments/curve"
	"backfire/game"
)

// curve joins the learning curves of the models that answer the agents, of whom the first n are the
// attackers. Each attacker's rates are those of its model, and the standard accuracy is the mean over all
// of these models, as its hits and images are their sums. A point stands for an epoch after which all of
// them are scored. It returns nil if one of them has no curve.
func (j joiner) curve(hashes []string, answers []int, n int) ([]curve.Point, error) {
	if len(answers) == 0 {
		return nil, nil
	}
	curves := map[int]*curve.Curve{} // by position of the model
	for _, answer := range answers {
		if curves[answer] != nil {
			continue
		}
		record, err := j.results.Record(hashes[answer])
		if err != nil {
			return nil, err
		}
		if record == nil || record.Artefacts().Curve.Every == 0 {
			return nil, nil
		}
		if curves[answer], err = record.Curve(); err != nil {
			return nil, err
		}
	}
	var points []curve.Point
	for _, first := range curves[answers[0]].Points {
		if point, ok := joinedPoint(curves, answers, n, first.Epoch); ok {
			points = append(points, point)
		}
	}
	return points, nil
}

// joinedPoint returns the point of a joined curve after an epoch, and whether all curves have the epoch.
func joinedPoint(curves map[int]*curve.Curve, answers []int, n, epoch int) (curve.Point, bool) {
	joined := curve.Point{Epoch: epoch, Scores: curve.Scores{Attackers: []curve.Attacker{}}}
	counted := map[int]bool{}
	for position, answer := range answers {
		points := curves[answer].Points
		at := slices.IndexFunc(points, func(p curve.Point) bool { return p.Epoch == epoch })
		if at < 0 || len(points[at].Attackers) != n {
			return curve.Point{}, false
		}
		if position < n {
			joined.Attackers = append(joined.Attackers, points[at].Attackers[position])
		}
		if !counted[answer] {
			counted[answer] = true
			joined.CleanAccuracy = sum(joined.CleanAccuracy, points[at].CleanAccuracy)
		}
	}
	return joined, true
}

// sum returns a rate over the images of two.
func sum(a, b game.Rate) game.Rate { return game.Rate{Hits: a.Hits + b.Hits, Of: a.Of + b.Of} }

// HasCurves reports whether a game of the summary has a learning curve.
func (s *Summary) HasCurves() bool {
	return slices.ContainsFunc(s.Points, func(p PointSummary) bool {
		return slices.ContainsFunc(p.Games, func(g GameSummary) bool { return len(g.Curve) > 0 })
	})
}
