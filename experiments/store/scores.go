package store

import (
	"fmt"
	"slices"
	"strconv"

	"backfire/experiments/curve"
	"backfire/internal/disk"
	"backfire/stats"
)

// Curve reads the learning curve, an artefact, which results have on request only.
func (r *Record) Curve() (*curve.Curve, error) {
	c, err := curve.Read(r.files())
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return c, nil
}

// writeCurve writes the learning curve into dir, if one was asked for.
func (f ResultFiles) writeCurve(dir disk.Dir) error {
	if f.Curve.Every == 0 {
		return nil
	}
	c := curve.Curve{Cell: f.Result.Cell, Every: f.Curve.Every, Images: f.Curve.Images, Points: []curve.Point{}}
	for _, e := range f.Epochs {
		if e.Scores != nil {
			c.Points = append(c.Points, curve.Point{Epoch: e.Epoch, Scores: *e.Scores})
		}
	}
	return c.Write(dir)
}

// scoreColumn is a column of MetricsFile that only a scored training has.
type scoreColumn struct {
	name  string
	value func(*curve.Scores) float64
}

// text returns the column's value after an epoch; empty without scores, and where it is undefined.
func (c scoreColumn) text(s *curve.Scores) string {
	if s == nil {
		return ""
	}
	v := c.value(s)
	if !stats.Number(v).Defined() {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// scoreColumns returns the columns of the scores: the standard accuracy, each measure's mean over the
// attackers, and each attacker's, such as "asr_0". There are none without scores.
func scoreColumns(epochs []EpochMetrics) []scoreColumn {
	at := slices.IndexFunc(epochs, func(e EpochMetrics) bool { return e.Scores != nil })
	if at < 0 {
		return nil
	}
	columns := []scoreColumn{{curve.StandardAccuracy, func(s *curve.Scores) float64 { return s.CleanAccuracy.Value() }}}
	for _, m := range curve.Measures() {
		columns = append(columns, scoreColumn{m.Name + "_mean", func(s *curve.Scores) float64 { return s.Mean(m) }})
	}
	for i, a := range epochs[at].Scores.Attackers {
		for _, m := range curve.Measures() {
			columns = append(columns, scoreColumn{fmt.Sprintf("%s_%d", m.Name, a.ID), func(s *curve.Scores) float64 { return m.Of(s.Attackers[i]) }})
		}
	}
	return columns
}
