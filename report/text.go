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

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/stats"
	"backfire/triggers"
)

const (
	lineWidth  = 80 // characters that a table may take
	mostInLine = 5  // attackers beside each other
	columnGap  = 2

	noResult = "  no result" // remark on a game that is not stored
)

// Text writes the table of a plan, at most 80 characters wide: the games, then
// each attacker's ASR beside its single ASR, then the same for each defender,
// then where the results lie. Percentages have one decimal, as in the paper.
func Text(w io.Writer, s *summary.Summary) error {
	var out strings.Builder
	heading(&out, s)
	out.WriteByte('\n')
	for i, rows := range byDefender(s.Rows) {
		table := games
		if i > 0 {
			table = defendedGames
		}
		if err := table(&out, rows); err != nil {
			return err
		}
		out.WriteByte('\n')
		if err := attackers(&out, rows); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	targets(&out, s)
	places(&out, s)
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("report: write table: %w", err)
	}
	return nil
}

// heading says what was played and under which readings.
func heading(out *strings.Builder, s *summary.Summary) {
	fmt.Fprintf(out, "%s: %d of %d images. ResNet-18, width %d, %s. One seed: %d.\n",
		s.Data.Name, s.Pool, s.Data.Images, s.Model.Width, plural(s.Training.Epochs, "epoch"), s.Seed)
	wrap(out, plural(modelsOf(s), "model")+". Readings: "+ReadingsText(s.Readings)+".")
}

// modelsOf counts the models behind the games that have a result, those of
// attackers alone among them.
func modelsOf(s *summary.Summary) int {
	models := map[string]bool{}
	for _, row := range s.Rows {
		if !row.Complete {
			continue
		}
		for _, model := range row.Models {
			models[model] = true
		}
		for _, a := range row.Attackers {
			if a.SingleASR != nil {
				models[a.SingleCell] = true
			}
		}
	}
	return len(models)
}

// ReadingsText names the choices that the paper leaves open.
func ReadingsText(r cell.Readings) string {
	images := "the attacker's own held-out images"
	if r.Denominator == "pooled" {
		images = "all attackers' held-out images"
	}
	if r.ExcludeTargetClass {
		images += " but those of the target class"
	}
	trigger := fmt.Sprintf("trigger %s, drawn %s", r.TriggerRange, r.Sampling)
	switch r.TriggerKind {
	case string(triggers.Random):
	case string(triggers.Picture):
		trigger = "triggers are pictures of the user's"
	default:
		trigger = r.TriggerKind + " " + trigger
	}
	return fmt.Sprintf("%s; %s labels; ASR over %s", trigger, r.LabelMode, images)
}

// byDefender sorts rows by defender, in the order of their first.
func byDefender(rows []summary.GameResult) [][]summary.GameResult {
	var names []string
	var sorted [][]summary.GameResult
	for _, row := range rows {
		i := slices.Index(names, row.Defender)
		if i < 0 {
			i, names, sorted = len(names), append(names, row.Defender), append(sorted, nil)
		}
		sorted[i] = append(sorted[i], row)
	}
	return sorted
}

// games writes one line per game without a defense.
func games(out *strings.Builder, games []summary.GameResult) error {
	rows := [][]string{{"N", "standard acc.", "ASR mean ± std", "base rate", "robustness acc.", ""}}
	for _, row := range games {
		rows = append(rows, []string{
			strconv.Itoa(row.N), percent(row.CleanAccuracy.Value()), meanStd(row.ASR),
			percent(float64(row.BaseRate.Mean)), percent(float64(row.Robustness.Mean)), remark(row),
		})
	}
	if err := table(out, rows); err != nil {
		return err
	}
	out.WriteByte('\n')
	wrap(out, "In percent; mean and population std over the attackers. ASR: images with the trigger taken for the target. "+
		"Base rate: the same images without it. Robustness acc.: images with the trigger taken for what they are.")
	collapses(out, games)
	return nil
}

// defendedGames writes one line per game of a defender.
func defendedGames(out *strings.Builder, games []summary.GameResult) error {
	wrap(out, "Defender: "+games[0].Defender)
	out.WriteByte('\n')
	rows := [][]string{{"N", "standard acc.", "change", "ASR ± std", "change", "robustness", "images", ""}}
	for _, row := range games {
		acc, asr, images := "-", "-", "-"
		if d := row.Difference; d != nil {
			acc, asr = change(float64(d.CleanAccuracy)), change(float64(d.ASR))
			images = fmt.Sprintf("x%.2f", float64(row.Cost.Images)/float64(row.Cost.Undefended))
		}
		rows = append(rows, []string{
			strconv.Itoa(row.N), percent(row.CleanAccuracy.Value()), acc, meanStd(row.ASR), asr,
			percent(float64(row.Robustness.Mean)), images, remark(row),
		})
	}
	if err := table(out, rows); err != nil {
		return err
	}
	out.WriteByte('\n')
	text := "Change: in points, against the same game without a defense. Images: through training steps, against the same."
	if slices.ContainsFunc(games, func(r summary.GameResult) bool { return len(r.Models) > 1 }) {
		text += " Standard acc.: mean over the models; each attacker's ASR is that of the model that answers it."
	}
	wrap(out, text)
	collapses(out, games)
	return nil
}

// remark stands behind the figures of a game.
func remark(row summary.GameResult) string {
	switch {
	case !row.Complete:
		return noResult
	case row.Collapsed:
		return "  collapsed"
	default:
		return ""
	}
}

// collapses says what the remark means, if one of the games has it.
func collapses(out *strings.Builder, games []summary.GameResult) {
	if slices.ContainsFunc(games, func(r summary.GameResult) bool { return r.Collapsed }) {
		wrap(out, "Collapsed: the model is no better than guessing, so its ASRs mean nothing.")
	}
}

// attackers writes each attacker's ASR in the games of one defender, a few in a
// line.
func attackers(out *strings.Builder, games []summary.GameResult) error {
	alone := "of the same attacker alone"
	if defender := games[0].Defender; defender != "" && defender != plan.Undefended {
		alone += ", without a defense"
	}
	wrap(out, "ASR of each attacker (in brackets: "+alone+"), in percent")
	out.WriteByte('\n')
	most, number, width := 1, 0, 0
	for _, row := range games {
		most = max(most, row.N)
		for _, a := range row.Attackers {
			number = max(number, len(percent(a.ASR.Value())))
		}
	}
	for _, row := range games {
		for _, a := range row.Attackers {
			width = max(width, len(asr(a, number)))
		}
	}
	head := len(strconv.Itoa(most)) + 2*len(strconv.Itoa(most-1)) + len("-") + 2*columnGap
	perLine := min(mostInLine, (lineWidth-head)/(width+columnGap))

	rows := [][]string{{"N", "ID", ""}}
	for _, row := range games {
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
func asr(a summary.GameAttacker, width int) string {
	text := fmt.Sprintf("%*s", width, percent(a.ASR.Value()))
	if a.SingleASR != nil {
		text += " (" + percent(a.SingleASR.Value()) + ")"
	}
	return text
}

// targets says what each attacker wants, in the largest game that is there.
func targets(out *strings.Builder, s *summary.Summary) {
	var largest []summary.GameAttacker
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
	} else {
		wrap(out, "Target labels by attacker: "+strings.Join(each, ", ")+".")
	}
	if text := collusion(largest); text != "" {
		wrap(out, text)
	}
}

// places says where the results lie.
func places(out *strings.Builder, s *summary.Summary) {
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

// change writes a difference of shares in points, with its sign.
func change(difference float64) string {
	if math.IsNaN(difference) {
		return "-"
	}
	text := fmt.Sprintf("%+.1f", 100*difference)
	if text == "-0.0" {
		return "+0.0"
	}
	return text
}

func meanStd(s stats.Summary) string {
	if !s.Mean.Defined() {
		return "-"
	}
	return fmt.Sprintf("%s ± %4s", percent(float64(s.Mean)), percent(float64(s.Std)))
}
