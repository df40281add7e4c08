// Package report turns stored results into tables: Text for the games of one
// run, and a Table for those of a sweep, such as the paper's, which is built once
// and written in every Format. Every figure comes from a summary, and so from
// the store; all that is computed here are means over seeds.
package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"backfire/experiments"
	"backfire/stats"
)

const (
	lineWidth  = 80 // characters that a table may take
	mostInLine = 5  // attackers beside each other
	columnGap  = 2

	noResult = "  no result" // remark on a game that is not stored
)

// Text writes the table of a plan, at most 80 characters wide: the games, then
// each attacker's ASR beside its single ASR, then where the results lie.
// Percentages have one decimal, as in the paper.
func Text(w io.Writer, s *experiments.Summary) error {
	var out strings.Builder
	heading(&out, s)
	out.WriteByte('\n')
	if err := games(&out, s); err != nil {
		return err
	}
	out.WriteByte('\n')
	if err := attackers(&out, s); err != nil {
		return err
	}
	out.WriteByte('\n')
	targets(&out, s)
	places(&out, s)
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("report: write table: %w", err)
	}
	return nil
}

// heading says what was played and under which readings.
func heading(out *strings.Builder, s *experiments.Summary) {
	fmt.Fprintf(out, "%s: %d of %d images. ResNet-18, width %d, %d epochs. One seed: %d.\n",
		s.Data.Name, s.Pool, s.Data.Images, s.Model.Width, s.Training.Epochs, s.Seed)
	wrap(out, "Readings: "+readingsText(s.Readings)+".")
}

// readingsText names the choices that the paper leaves open.
func readingsText(r experiments.Readings) string {
	images := "the attacker's own held-out images"
	if r.Denominator == "pooled" {
		images = "all attackers' held-out images"
	}
	if r.ExcludeTargetClass {
		images += " but those of the target class"
	}
	return fmt.Sprintf("trigger %s, drawn %s; %s labels; ASR over %s", r.TriggerRange, r.Sampling, r.LabelMode, images)
}

// games writes one line per game.
func games(out *strings.Builder, s *experiments.Summary) error {
	rows := [][]string{{"N", "standard acc.", "ASR mean ± std", "base rate", "robustness acc.", ""}}
	for _, row := range s.Rows {
		remark := ""
		switch {
		case !row.Complete:
			remark = noResult
		case row.Collapsed:
			remark = "  collapsed"
		}
		rows = append(rows, []string{
			strconv.Itoa(row.N), percent(row.CleanAccuracy.Value()), meanStd(row.ASR),
			percent(float64(row.BaseRate.Mean)), percent(float64(row.Robustness.Mean)), remark,
		})
	}
	if err := table(out, rows); err != nil {
		return err
	}
	out.WriteByte('\n')
	wrap(out, "In percent; mean and population std over the attackers. ASR: images with the trigger taken for the target. "+
		"Base rate: the same images without it. Robustness acc.: images with the trigger taken for what they are.")
	for _, row := range s.Rows {
		if row.Collapsed {
			wrap(out, "Collapsed: the model is no better than guessing, so its ASRs mean nothing.")
			break
		}
	}
	return nil
}

// attackers writes each attacker's ASR, a few in a line.
func attackers(out *strings.Builder, s *experiments.Summary) error {
	wrap(out, "ASR of each attacker (in brackets: of the same attacker alone), in percent")
	out.WriteByte('\n')
	most, number, width := 1, 0, 0
	for _, row := range s.Rows {
		most = max(most, row.N)
		for _, a := range row.Attackers {
			number = max(number, len(percent(a.ASR.Value())))
		}
	}
	for _, row := range s.Rows {
		for _, a := range row.Attackers {
			width = max(width, len(asr(a, number)))
		}
	}
	head := len(strconv.Itoa(most)) + 2*len(strconv.Itoa(most-1)) + len("-") + 2*columnGap
	perLine := min(mostInLine, (lineWidth-head)/(width+columnGap))

	rows := [][]string{{"N", "ID", ""}}
	for _, row := range s.Rows {
		n := strconv.Itoa(row.N)
		if !row.Complete {
			rows = append(rows, []string{n, "", noResult})
		}
		for few := range slices.Chunk(row.Attackers, perLine) {
			line := []string{n, span(few[0].ID, few[len(few)-1].ID)}
			for _, a := range few {
				line = append(line, fmt.Sprintf("%-*s", width, asr(a, number)))
			}
			rows = append(rows, append(line, ""))
			n = ""
		}
	}
	return table(out, rows)
}

// span names attackers by their first and last ID.
func span(first, last int) string {
	if first == last {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// asr is an attacker's ASR, with its single ASR in brackets as in the paper.
func asr(a experiments.RowAttacker, width int) string {
	text := fmt.Sprintf("%*s", width, percent(a.ASR.Value()))
	if a.SingleASR != nil {
		text += " (" + percent(a.SingleASR.Value()) + ")"
	}
	return text
}

// targets says what each attacker wants, in the largest game that is there.
func targets(out *strings.Builder, s *experiments.Summary) {
	var largest []experiments.RowAttacker
	for _, row := range s.Rows {
		if len(row.Attackers) > len(largest) {
			largest = row.Attackers
		}
	}
	if len(largest) == 0 {
		return
	}
	same := true
	var each []string
	for _, a := range largest {
		same = same && a.Target == largest[0].Target
		each = append(each, fmt.Sprintf("%d %s", a.ID, a.Label))
	}
	if same {
		wrap(out, fmt.Sprintf("Target label of every attacker: %s.", largest[0].Label))
		return
	}
	wrap(out, "Target labels by attacker: "+strings.Join(each, ", ")+".")
}

// places says where the results lie.
func places(out *strings.Builder, s *experiments.Summary) {
	if n := len(s.Missing); n > 0 {
		fmt.Fprintf(out, "Without a result: %s. The same command goes on from here.\n", plural(n, "model"))
	}
	fmt.Fprintf(out, "Results, one directory per model: %s\n", s.Store)
	if s.Path != "" {
		fmt.Fprintf(out, "This table as JSON, with the directory of each game:\n%s\n", s.Path)
	}
}

// table lays rows out in right-aligned columns. The last entry of a row stands
// behind the columns as it is.
func table(out *strings.Builder, rows [][]string) error {
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, columnGap, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		if _, err := fmt.Fprintln(columns, strings.Join(row, "\t")); err != nil {
			return fmt.Errorf("report: lay out table: %w", err)
		}
	}
	if err := columns.Flush(); err != nil {
		return fmt.Errorf("report: lay out table: %w", err)
	}
	for line := range strings.Lines(text.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return nil
}

// wrap writes a text in lines of at most 80 characters.
func wrap(out *strings.Builder, text string) { wrapTo(out, lineWidth, "", text) }

// wrapTo writes a text in lines of at most width characters. Blanks in front of
// it stay, and the lines after the first are indented.
func wrapTo(out *strings.Builder, width int, indent, text string) {
	words := strings.Fields(text)
	first := text[:len(text)-len(strings.TrimLeft(text, " "))]
	out.WriteString(first)
	column := len(first)
	for i, word := range words {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > width:
			out.WriteString("\n" + indent)
			column = len(indent)
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += n
	}
	out.WriteByte('\n')
}

// percent writes a share with one decimal, or a dash if there is none.
func percent(share float64) string {
	if math.IsNaN(share) {
		return "-"
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64)
}

func meanStd(s stats.Summary) string {
	if !s.Mean.Defined() {
		return "-"
	}
	return fmt.Sprintf("%s ± %4s", percent(float64(s.Mean)), percent(float64(s.Std)))
}
