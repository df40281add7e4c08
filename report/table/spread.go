package table

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"backfire/internal/spreadsheet"
	"backfire/internal/words"
	"backfire/stats"
)

// SpreadRow tells how much of the variance of a figure over the seeds is the game's, and how
// much is drawn anew by each training of one game.
type SpreadRow struct {
	Game     string   `json:"game"` // describes the row of the table
	Quantity Quantity `json:"quantity"`
	// Single reports whether the values are those of single attackers; otherwise each is a mean
	// over the attackers of a game, or has none.
	Single bool `json:"single"`
	// LeftOut lists the seeds that lack a training of the game; the components are of the others.
	LeftOut []uint64 `json:"left_out"`
	// Method is the method of the intervals: betting, or normal for standard accuracy.
	Method string `json:"method"`
	// Components are variances in the square of shares.
	stats.Components
}

// spreadHeads are the heads of the spread's columns.
var spreadHeads = []string{"game", "figure", "seeds", "std of games", "std of trainings", "training's share", "95 % CI"}

// ofGame returns the variance of all that stays when the game is trained once more.
func (r SpreadRow) ofGame() stats.Number {
	if r.Attacker != nil {
		return r.Components.Game.Variance + r.Attacker.Variance
	}
	return r.Components.Game.Variance
}

// ofTraining returns the variance that is drawn anew by each training.
func (r SpreadRow) ofTraining() stats.Number {
	if r.Rest != nil {
		return r.Training.Variance + r.Rest.Variance
	}
	return r.Training.Variance
}

// figure names the quantity.
func (r SpreadRow) figure() string {
	name := map[Quantity]string{QuantityASR: "ASR", QuantityInterference: "interference", QuantityClean: "accuracy"}[r.Quantity]
	switch {
	case r.Single:
		return name + " of an attacker"
	case r.Quantity == QuantityClean || r.Attackers == 0:
		return name
	default:
		return "mean " + name
	}
}

// cells returns the texts of the spread's columns.
func (r SpreadRow) cells() []string {
	points := func(variance stats.Number) string {
		if !variance.Defined() {
			return dash
		}
		return fmt.Sprintf("%.1f", 100*math.Sqrt(float64(variance)))
	}
	share := dash
	if r.TrainingShare.Defined() {
		share = fmt.Sprintf("%.0f %%", 100*float64(r.TrainingShare))
	}
	const rounding = 1e-9
	limits := fmt.Sprintf("%.0f%s%.0f %%", math.Floor(100*float64(r.ShareLow)+rounding), dash, math.Ceil(100*float64(r.ShareHigh)-rounding))
	return []string{r.Game, r.figure(), strconv.Itoa(r.Seeds), points(r.ofGame()), points(r.ofTraining()), share, limits}
}

// spreadHead returns the heading of the spread.
func (t *Table) spreadHead() string {
	trainings := 0
	for _, r := range t.Spreads {
		trainings = max(trainings, r.Trainings)
	}
	return fmt.Sprintf("Spread over the seeds: how much is the game's (deal and triggers), and how much is training noise, by %d trainings of each game; standard deviations in points", trainings)
}

// spreadNotes returns the notes on the spread: its meaning, and seeds that lack a training.
func (t *Table) spreadNotes() []string {
	notes := []string{
		"The training's share is that of the variance: what another training of the same game changes. " +
			"Its interval assumes nothing but the range of the figure, and for standard accuracy normally distributed effects. " +
			"It is wide with few seeds; a share of no spread at all is undefined.",
	}
	for _, r := range t.Spreads {
		if len(r.LeftOut) > 0 {
			notes = append(notes, fmt.Sprintf("%s, %s: without the seeds that lack a training (%s).", r.Game, r.figure(), SeedList(r.LeftOut)))
		}
	}
	return notes
}

// writeSpread writes the spread in aligned columns.
func (t *Table) writeSpread(out *strings.Builder, width int) {
	if len(t.Spreads) == 0 {
		return
	}
	out.WriteByte('\n')
	words.Wrap(out, width, "", t.spreadHead())
	out.WriteByte('\n')
	// The game stands above its figures, so that the columns fit beside each other.
	heads := spreadHeads[1:]
	widths := make([]int, len(heads))
	fit := func(cells []string) {
		for i, text := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	fit(heads)
	for _, r := range t.Spreads {
		fit(r.cells()[1:])
	}
	line := func(cells []string) {
		text := "  "
		for i, cell := range cells {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				text += cell + gap
			} else {
				text += "  " + gap + cell
			}
		}
		writeLine(out, text)
	}
	line(heads)
	game := ""
	for _, r := range t.Spreads {
		cells := r.cells()
		if r.Game != game {
			game = r.Game
			words.Wrap(out, width, "", game)
		}
		line(cells[1:])
	}
	for _, note := range t.spreadNotes() {
		words.Wrap(out, width, "", note)
	}
}

// markdownSpread writes the spread as a table of GitHub's Markdown.
func (t *Table) markdownSpread(out *strings.Builder) {
	if len(t.Spreads) == 0 {
		return
	}
	out.WriteString("#### " + escapeMarkdown(t.spreadHead()) + "\n\n")
	line := func(cells []string) {
		escaped := make([]string, len(cells))
		for i, cell := range cells {
			escaped[i] = escapeMarkdown(cell)
		}
		out.WriteString("| " + strings.Join(escaped, " | ") + " |\n")
	}
	line(spreadHeads)
	out.WriteString("|---|---|" + strings.Repeat("---:|", len(spreadHeads)-2) + "\n")
	for _, r := range t.Spreads {
		line(r.cells())
	}
	out.WriteByte('\n')
	for _, note := range t.spreadNotes() {
		out.WriteString(escapeMarkdown(note) + "\n\n")
	}
}

// latexSpread writes the spread as sentences below the table, since a float has to fit on a
// page.
func (t *Table) latexSpread(out *strings.Builder) {
	for _, r := range t.Spreads {
		c := r.cells()
		fmt.Fprintf(out, "%s\\par\n", escapeLaTeX(fmt.Sprintf(
			"%s, %s: standard deviation %s points over games and %s over %d trainings of one; training noise has %s of the variance (95 %% CI %s, %s seeds).",
			c[0], c[1], c[3], c[4], r.Trainings, c[5], strings.ReplaceAll(c[6], dash, " to "), c[2])))
	}
}

// spreadColumns are the columns of FormatSpreadCSV.
var spreadColumns = []string{
	"table", "dataset", "game", "quantity", "single", "seeds", "trainings", "attackers", "component", "value", "ci_low", "ci_high", "method", "left_out",
}

// spreadCSV returns a line for each component of each SpreadRow, and one for the share.
func (t *Table) spreadCSV() ([]byte, error) {
	lines := [][]string{spreadColumns}
	for _, r := range t.Spreads {
		add := func(name string, c *stats.Component) {
			if c == nil {
				return
			}
			lines = append(lines, []string{
				t.Name, t.Dataset, r.Game, string(r.Quantity), spreadsheet.Logical(r.Single), strconv.Itoa(r.Seeds), strconv.Itoa(r.Trainings), strconv.Itoa(r.Attackers),
				name, spreadsheet.Number(float64(c.Variance)), spreadsheet.Number(float64(c.Low)), spreadsheet.Number(float64(c.High)), r.Method, SeedList(r.LeftOut),
			})
		}
		add("game", &r.Components.Game)
		add("attacker", r.Attacker)
		add("training", &r.Training)
		add("rest", r.Rest)
		add("training_share", &stats.Component{Variance: r.TrainingShare, Low: r.ShareLow, High: r.ShareHigh})
	}
	return spreadsheet.Encode(lines)
}

// repetitionColumns returns the columns of the trainings; none if games have one each.
func (t *Table) repetitionColumns() []string {
	if !slices.ContainsFunc(t.AttackerRows, func(r AttackerRow) bool { return r.Repetition > 0 }) {
		return nil
	}
	return repetitionColumns
}
