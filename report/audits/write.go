package audits

import (
	"fmt"
	"io"

	"backfire/internal/spreadsheet"
	"backfire/report/sections"
	"backfire/stats"
)

// Format is a form of a document; it is the extension of its file.
type Format string

// The formats.
const (
	Text     Format = sections.TextFormat
	Markdown Format = sections.MarkdownFormat
	// AnswersCSV has a line for each answer of the verdict matrix, EffectsCSV one for each effect of the screening,
	// CombinationsCSV one for each combination of the two strongest factors, PhaseCSV one for each cell of the phase diagram. Numbers are shares with all digits.
	AnswersCSV      Format = "answers.csv"
	EffectsCSV      Format = "effects.csv"
	CombinationsCSV Format = "combinations.csv"
	PhaseCSV        Format = "phase.csv"
	JSON            Format = sections.JSONFormat
)

// Formats returns the formats.
func Formats() []Format {
	return []Format{Text, Markdown, AnswersCSV, EffectsCSV, CombinationsCSV, PhaseCSV, JSON}
}

// Write writes the document in a format. The errors are those of sections.Write.
func (d *Document) Write(w io.Writer, format Format) error {
	return sections.Write(w, "audits: write "+d.Name, format, d.sections, d, map[Format]func() ([]byte, error){
		AnswersCSV: d.answersCSV, EffectsCSV: d.effectsCSV, CombinationsCSV: d.combinationsCSV, PhaseCSV: d.phaseCSV,
	})
}

func (d *Document) answersCSV() ([]byte, error) {
	lines := [][]string{{"stage", "reading", "scale", "claim", "outcome", "exploratory", "estimate", "low", "high", "seeds", "seeds_needed", "too_few_seeds"}}
	for _, row := range d.Result.Matrix {
		for _, a := range row.Answers {
			lines = append(lines, []string{
				string(row.Stage), row.Reading, row.Scale, a.Claim, string(a.Outcome), spreadsheet.Logical(a.Exploratory),
				spreadsheet.Number(float64(a.Estimate)), spreadsheet.Number(float64(a.Low)), spreadsheet.Number(float64(a.High)), fmt.Sprint(a.Seeds), fmt.Sprint(a.Needed), spreadsheet.Logical(a.TooFew),
			})
		}
	}
	return spreadsheet.Encode(lines)
}

func (d *Document) effectsCSV() ([]byte, error) {
	lines := [][]string{{"effect", "order", "measure", "n", "estimate", "low", "high", "direction", "share", "seeds", "interval"}}
	for _, e := range d.Result.Effects {
		lines = append(lines, []string{
			e.Name, fmt.Sprint(e.Order), string(e.Measure), fmt.Sprint(e.N), spreadsheet.Number(float64(e.Estimate)), spreadsheet.Number(float64(e.Low)), spreadsheet.Number(float64(e.High)), string(e.Direction),
			spreadsheet.Number(float64(e.Share)), fmt.Sprint(len(e.PerSeed)), string(e.Interval),
		})
	}
	return spreadsheet.Encode(lines)
}

func (d *Document) combinationsCSV() ([]byte, error) {
	lines := [][]string{{"reading", "n", "seeds", "single_lift", "lift", "interference", "low", "high", "least", "most"}}
	for _, c := range d.Result.Combinations {
		least, most := c.BySeed()
		line := []string{c.Reading, fmt.Sprint(c.N), fmt.Sprint(len(c.PerSeed))}
		for _, x := range []stats.Number{c.Single, c.Lift, c.Interference, c.Low, c.High, least, most} {
			line = append(line, spreadsheet.Number(float64(x)))
		}
		lines = append(lines, line)
	}
	return spreadsheet.Encode(lines)
}

func (d *Document) phaseCSV() ([]byte, error) {
	lines := [][]string{{"reading", "n", "k", "seeds", "success", "low", "high", "standing", "asr", "lift", "interference"}}
	for _, diagram := range d.Result.Phase {
		for _, c := range diagram.Cells {
			lines = append(lines, []string{
				diagram.Reading, fmt.Sprint(c.N), fmt.Sprint(c.K), fmt.Sprint(len(c.Seeds)), spreadsheet.Number(float64(c.Success)), spreadsheet.Number(float64(c.Low)), spreadsheet.Number(float64(c.High)),
				string(c.Standing), spreadsheet.Number(float64(c.ASR)), spreadsheet.Number(float64(c.Lift)), spreadsheet.Number(float64(c.Interference)),
			})
		}
	}
	return spreadsheet.Encode(lines)
}
