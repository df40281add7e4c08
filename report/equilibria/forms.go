package equilibria

import (
	"fmt"
	"io"

	"backfire/equilibrium"
	"backfire/internal/spreadsheet"
	"backfire/payoffs"
	"backfire/report/sections"
)

// Format is a form of a document; it is the extension of its file.
type Format string

// The formats.
const (
	Text     Format = sections.TextFormat
	Markdown Format = sections.MarkdownFormat
	// PayoffsCSV has a line for each strategy of each profile, PricesCSV one for each
	// equilibrium at each price, TrialsCSV one for each attacker of each model. Numbers are
	// shares with all digits.
	PayoffsCSV Format = "payoffs.csv"
	PricesCSV  Format = "prices.csv"
	TrialsCSV  Format = "trials.csv"
	JSON       Format = sections.JSONFormat
	Page       Format = "html"
)

// Formats returns the formats.
func Formats() []Format {
	return []Format{Text, Markdown, PayoffsCSV, PricesCSV, TrialsCSV, JSON, Page}
}

// Write writes the document in a format. The errors are those of sections.Write,
// or of a figure of the page.
func (d *Document) Write(w io.Writer, format Format) error {
	if format == Page {
		drawn, err := d.Figures()
		if err != nil {
			return fmt.Errorf("equilibria: draw: %w", err)
		}
		page := sections.Page{Title: d.sections[0].Title, Sections: d.sections, Figures: drawn}
		if len(d.Result.Games) > 0 {
			page.Finding = d.Result.Games[0].Sentence
		}
		return page.Write(w)
	}
	return sections.Write(w, "equilibria: write "+d.Result.Spec.Name, format, d.sections, d, map[Format]func() ([]byte, error){
		PayoffsCSV: d.payoffsCSV, PricesCSV: d.pricesCSV, TrialsCSV: d.trialsCSV,
	})
}

// limits returns an estimate as fields: value, low, high.
func limits(e equilibrium.Estimate) []string {
	return []string{spreadsheet.Number(float64(e.Value)), spreadsheet.Number(float64(e.Interval.Low)), spreadsheet.Number(float64(e.Interval.High))}
}

func (d *Document) payoffsCSV() ([]byte, error) {
	lines := [][]string{{"game", "profile", "strategy", "players", "payoff", "payoff_low", "payoff_high", "regret", "regret_low", "regret_high", "share", "verdict", "seeds"}}
	for _, g := range d.Result.Games {
		for _, p := range g.Answer.Profiles {
			for s, count := range p.Profile {
				if count == 0 {
					continue
				}
				line := []string{g.Name, payoffs.Key(p.Profile), d.Result.Spec.Strategies[s].Name, fmt.Sprint(count)}
				line = append(append(line, limits(p.Payoffs[s])...), limits(p.Regret)...)
				lines = append(lines, append(line, spreadsheet.Number(p.Share), string(p.Verdict), fmt.Sprint(len(g.Seeds))))
			}
		}
	}
	return spreadsheet.Encode(lines)
}

func (d *Document) pricesCSV() ([]byte, error) {
	lines := [][]string{{"game", "price", "kind", "equilibrium", "strategy", "probability", "attribute", "attribute_low", "attribute_high"}}
	for _, g := range d.Result.Games {
		for _, p := range g.Prices {
			for i, m := range p.Answer.Mixtures {
				for s, probability := range m.Mixture {
					line := []string{g.Name, spreadsheet.Number(p.Price), string(p.Answer.Kind), fmt.Sprint(i + 1), d.Result.Spec.Strategies[s].Name, spreadsheet.Number(probability)}
					lines = append(lines, append(line, limits(m.Attribute)...))
				}
			}
		}
	}
	return spreadsheet.Encode(lines)
}

func (d *Document) trialsCSV() ([]byte, error) {
	lines := [][]string{{"profile", "defender", "seed", "seat", "strategy", "asr", "lift", "poisoned", "found", "clean_accuracy", "model"}}
	for _, t := range d.Result.Trials {
		model := ""
		if len(t.Models) > 0 {
			model = t.Models[0]
		}
		for _, player := range d.Result.Spec.Seat(t.Profile, t.Seed) {
			for _, seat := range player.Seats {
				for _, a := range t.Attackers {
					if a.Seat != seat {
						continue
					}
					lines = append(lines, []string{
						payoffs.Key(t.Profile), t.Defender, fmt.Sprint(t.Seed), fmt.Sprint(seat), d.Result.Spec.Strategies[player.Strategy].Name,
						spreadsheet.Number(a.ASR), spreadsheet.Number(a.Lift), fmt.Sprint(a.Poisoned), fmt.Sprint(a.Found), spreadsheet.Number(t.CleanAccuracy), model,
					})
				}
			}
		}
	}
	return spreadsheet.Encode(lines)
}
