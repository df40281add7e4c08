package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/internal/words"
	"backfire/stats"
)

// curveFormat is the version of Curve.
const curveFormat = 1

// CurveRequest asks for a learning curve: the rates of a model during its training. The scores do not change
// the trained model. The zero value asks for no curve.
type CurveRequest struct {
	Every  int `json:"every,omitempty"`  // epochs from one score to the next; 0: no curve
	Images int `json:"images,omitempty"` // held-out images of each attacker that are scored; 0: all
}

// Wants reports whether the curve has a score after an epoch, from 1. It always has one after the last.
func (r CurveRequest) Wants(epoch, epochs int) bool {
	return r.Every > 0 && (epoch%r.Every == 0 || epoch == epochs)
}

// and returns the request that answers both requests: scores after all epochs that one of them wants, on the
// larger number of images.
func (r CurveRequest) and(other CurveRequest) CurveRequest {
	switch {
	case r.Every == 0:
		return other
	case other.Every == 0:
		return r
	}
	both := CurveRequest{Every: divisor(r.Every, other.Every), Images: max(r.Images, other.Images)}
	if r.Images == 0 || other.Images == 0 {
		both.Images = 0
	}
	return both
}

// divisor returns the greatest common divisor of two positive numbers.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// answeredBy reports whether a stored curve has all that the request asks for.
func (r CurveRequest) answeredBy(stored CurveRequest) bool { return stored.and(r) == stored }

// place returns the name of the file that the request asks for, with what a stored curve lacks.
func (r CurveRequest) place(stored CurveRequest) string {
	if stored.Every == 0 {
		return CurveFile
	}
	return fmt.Sprintf("%s of %s (it has %s)", CurveFile, r, stored)
}

// String describes the request: "every 2 epochs on 20 images of each attacker".
func (r CurveRequest) String() string {
	images := "all images"
	if r.Images > 0 {
		images = words.Plural(r.Images, "image") + " of each attacker"
	}
	if r.Every == 1 {
		return "every epoch on " + images
	}
	return fmt.Sprintf("every %d epochs on %s", r.Every, images)
}

// EpochScores holds the rates of a model after an epoch, on the images that its learning curve is scored on.
type EpochScores struct {
	CleanAccuracy game.Rate `json:"clean_accuracy"` // standard accuracy, on the defender's images
	// Attackers are in the order of the result's attackers.
	Attackers []AttackerScores `json:"attackers"`
}

// AttackerScores holds the rates of an attacker after an epoch. All of them are over the same images, ASR with
// the attacker's trigger and the others without. The definitions are those of game.Success.
type AttackerScores struct {
	ID            int          `json:"id"`
	ASR           game.Rate    `json:"asr"`
	BaseRate      game.Rate    `json:"base_rate"`
	Lift          stats.Number `json:"lift"`
	CleanAccuracy game.Rate    `json:"clean_accuracy"` // standard accuracy on the attacker's images
}

// CurveMeasure is a measure of an attacker that learning curves have.
type CurveMeasure struct {
	Name string // in metrics.csv, curves.csv and TensorBoard
	Of   func(AttackerScores) float64
}

// CurveMeasures lists the measures of an attacker over which every form of a learning curve runs.
func CurveMeasures() []CurveMeasure {
	return []CurveMeasure{
		{"asr", func(a AttackerScores) float64 { return a.ASR.Value() }},
		{"base_rate", func(a AttackerScores) float64 { return a.BaseRate.Value() }},
		{"lift", func(a AttackerScores) float64 { return float64(a.Lift) }},
		{StandardAccuracy, func(a AttackerScores) float64 { return a.CleanAccuracy.Value() }},
	}
}

// StandardAccuracy is the name of the standard accuracy in learning curves, both of the defender and of an
// attacker.
const StandardAccuracy = "standard_accuracy"

// Mean returns the mean of a measure over the attackers; NaN if it is undefined for all of them.
func (s EpochScores) Mean(m CurveMeasure) float64 { return float64(stats.Over(s.Attackers, m.Of).Mean) }

// Curve is the learning curve of a model, as CurveFile holds it.
type Curve struct {
	Format int    `json:"format"` // set by Write
	Cell   string `json:"cell"`   // hash
	// Every and Images are those of the request. A curve with other values may answer a later request.
	Every  int          `json:"every"`
	Images int          `json:"images"`
	Points []CurvePoint `json:"points"`
}

// CurvePoint is the part of a curve after one epoch.
type CurvePoint struct {
	Epoch int `json:"epoch"` // from 1
	EpochScores
}

// newCurve returns the curve that a request asks for, of epochs that have its scores.
func newCurve(cell string, request CurveRequest, epochs []EpochMetrics) Curve {
	c := Curve{Cell: cell, Every: request.Every, Images: request.Images, Points: []CurvePoint{}}
	for _, e := range epochs {
		if e.Scores != nil {
			c.Points = append(c.Points, CurvePoint{e.Epoch, *e.Scores})
		}
	}
	return c
}

// request returns the request that the curve was made for.
func (c Curve) request() CurveRequest { return CurveRequest{Every: c.Every, Images: c.Images} }

// curveLevels is the number of levels of CurveFile that are indented: an epoch takes a line.
const curveLevels = 2

// Write writes the curve to CurveFile in dir.
func (c Curve) Write(dir string) error {
	c.Format = curveFormat
	compact, err := jsonfile.Compact(c)
	if err != nil {
		return fmt.Errorf("store: encode curve: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, CurveFile), jsonfile.LayOut(compact, curveLevels), disk.FileMode); err != nil {
		return fmt.Errorf("store: write curve: %w", err)
	}
	return nil
}

// Curve reads CurveFile, an artefact, which results have on request only.
func (r *Record) Curve() (*Curve, error) {
	c, err := readCurve(r.Dir)
	if err != nil {
		return nil, fmt.Errorf("store: read curve: %w", err)
	}
	return c, nil
}

// readCurve reads the curve in a directory.
func readCurve(dir string) (*Curve, error) {
	var c Curve
	if err := jsonfile.Read(filepath.Join(dir, CurveFile), &c); err != nil {
		return nil, err
	}
	return &c, nil
}

// writeCurve writes the learning curve into dir, if one was asked for.
func (f ResultFiles) writeCurve(dir string) error {
	if f.Curve.Every == 0 {
		return nil
	}
	return newCurve(f.Result.Cell, f.Curve, f.Epochs).Write(dir)
}

// scoreColumn is a column of MetricsFile that only a scored training has.
type scoreColumn struct {
	name  string
	value func(*EpochScores) float64
}

// text returns the column's value after an epoch; empty without scores, and where it is undefined.
func (c scoreColumn) text(s *EpochScores) string {
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
	columns := []scoreColumn{{StandardAccuracy, func(s *EpochScores) float64 { return s.CleanAccuracy.Value() }}}
	for _, m := range CurveMeasures() {
		columns = append(columns, scoreColumn{m.Name + "_mean", func(s *EpochScores) float64 { return s.Mean(m) }})
	}
	for i, a := range epochs[at].Scores.Attackers {
		for _, m := range CurveMeasures() {
			columns = append(columns, scoreColumn{fmt.Sprintf("%s_%d", m.Name, a.ID), func(s *EpochScores) float64 { return m.Of(s.Attackers[i]) }})
		}
	}
	return columns
}
