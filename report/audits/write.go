package audits

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"backfire/internal/visible"
	"backfire/stats"
)

// Format is a form of a document; it is the extension of its file.
type Format string

// The formats.
const (
	Text     Format = "txt"
	Markdown Format = "md"
	// AnswersCSV has a line for each answer of the verdict matrix, EffectsCSV one for each effect of the screening,
	// PhaseCSV one for each cell of the phase diagram. Numbers are shares with all digits.
	AnswersCSV Format = "answers.csv"
	EffectsCSV Format = "effects.csv"
	PhaseCSV   Format = "phase.csv"
	JSON       Format = "json"
)

// ErrFormat is returned by Write for an unknown format.
var ErrFormat = errors.New("no such format")

// Formats returns the formats.
func Formats() []Format { return []Format{Text, Markdown, AnswersCSV, EffectsCSV, PhaseCSV, JSON} }

// Write writes the document in a format. The error wraps ErrFormat, or is that of w.
func (d *Document) Write(w io.Writer, format Format) error {
	var data []byte
	var err error
	switch format {
	case Text:
		data = []byte(d.text())
	case Markdown:
		data = []byte(d.markdown())
	case AnswersCSV:
		data, err = d.answersCSV()
	case EffectsCSV:
		data, err = d.effectsCSV()
	case PhaseCSV:
		data, err = d.phaseCSV()
	case JSON:
		data, err = json.MarshalIndent(d, "", "  ")
		data = append(data, '\n')
	default:
		err = ErrFormat
	}
	if err != nil {
		return fmt.Errorf("audits: write %s as %s: %w", d.Name, format, err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("audits: write %s: %w", d.Name, err)
	}
	return nil
}

// text returns the sections as plain text, sentences broken at 100 columns.
func (d *Document) text() string {
	var out strings.Builder
	for i, s := range d.sections {
		if i > 0 {
			out.WriteByte('\n')
		}
		title := visible.Line(s.Title)
		fmt.Fprintf(&out, "%s\n%s\n", title, strings.Repeat("=", len([]rune(title))))
		for _, sentence := range s.Text {
			out.WriteString(wrapped(visible.Line(sentence)))
		}
		if len(s.Rows) > 0 {
			out.WriteByte('\n')
			out.WriteString(aligned(append([][]string{s.Heads}, s.Rows...)))
		}
	}
	return out.String()
}

// wrapped returns a sentence in lines of at most 100 columns.
func wrapped(sentence string) string {
	const columns = 100
	var out strings.Builder
	line := 0
	for word := range strings.FieldsSeq(sentence) {
		switch {
		case line > 0 && line+1+len(word) > columns:
			out.WriteString("\n  ")
			line = 2
		case line > 0:
			out.WriteByte(' ')
			line++
		}
		out.WriteString(word)
		line += len(word)
	}
	out.WriteByte('\n')
	return out.String()
}

// aligned returns rows in columns.
func aligned(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, field := range row {
			widths[i] = max(widths[i], len([]rune(visible.Line(field))))
		}
	}
	var out strings.Builder
	for _, row := range rows {
		line := ""
		for i, field := range row {
			field = visible.Line(field)
			line += field + strings.Repeat(" ", widths[i]-len([]rune(field))+2)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.String()
}

// markdown returns the sections as Markdown.
func (d *Document) markdown() string {
	var out strings.Builder
	for i, s := range d.sections {
		level := "##"
		if i == 0 {
			level = "#"
		} else {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "%s %s\n", level, visible.Line(s.Title))
		for _, sentence := range s.Text {
			out.WriteString("\n" + wrapped(visible.Line(sentence)))
		}
		if len(s.Rows) == 0 {
			continue
		}
		out.WriteString("\n")
		for j, row := range append([][]string{s.Heads}, s.Rows...) {
			for _, field := range row {
				out.WriteString("| " + strings.ReplaceAll(visible.Line(field), "|", `\|`) + " ")
			}
			out.WriteString("|\n")
			if j == 0 {
				out.WriteString(strings.Repeat("|---", len(row)) + "|\n")
			}
		}
	}
	return out.String()
}

// number returns a number for a CSV file, empty if it is undefined.
func number(x stats.Number) string {
	if !x.Defined() {
		return ""
	}
	return fmt.Sprint(float64(x))
}

// encode returns lines as CSV.
func encode(lines [][]string) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, line := range lines {
		for i, field := range line {
			line[i] = guarded(field)
		}
	}
	if err := w.WriteAll(lines); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// guarded returns a text field such that no spreadsheet takes it for a formula; numbers stay as they are.
func guarded(field string) string {
	if field != "" && strings.ContainsRune("=+@\t\r", rune(field[0])) {
		return "'" + field
	}
	return field
}

func (d *Document) answersCSV() ([]byte, error) {
	lines := [][]string{{"stage", "reading", "scale", "claim", "outcome", "exploratory", "estimate", "low", "high", "seeds", "seeds_needed"}}
	for _, row := range d.Result.Matrix {
		for _, a := range row.Answers {
			lines = append(lines, []string{
				string(row.Stage), row.Reading, row.Scale, a.Claim, string(a.Outcome), fmt.Sprint(a.Exploratory),
				number(a.Estimate), number(a.Low), number(a.High), fmt.Sprint(a.Seeds), fmt.Sprint(a.Needed),
			})
		}
	}
	return encode(lines)
}

func (d *Document) effectsCSV() ([]byte, error) {
	lines := [][]string{{"effect", "order", "measure", "n", "estimate", "low", "high", "direction", "share", "seeds"}}
	for _, e := range d.Result.Effects {
		lines = append(lines, []string{
			e.Name, fmt.Sprint(e.Order), string(e.Measure), fmt.Sprint(e.N), number(e.Estimate), number(e.Low), number(e.High), string(e.Direction),
			number(e.Share), fmt.Sprint(len(e.PerSeed)),
		})
	}
	return encode(lines)
}

func (d *Document) phaseCSV() ([]byte, error) {
	lines := [][]string{{"reading", "n", "k", "seeds", "success", "low", "high", "standing", "asr", "lift", "interference"}}
	for _, diagram := range d.Result.Phase {
		for _, c := range diagram.Cells {
			lines = append(lines, []string{
				diagram.Reading, fmt.Sprint(c.N), fmt.Sprint(c.K), fmt.Sprint(len(c.Seeds)), number(c.Success), number(c.Low), number(c.High),
				string(c.Standing), number(c.ASR), number(c.Lift), number(c.Interference),
			})
		}
	}
	return encode(lines)
}
