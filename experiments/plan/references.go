package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// References returns the hashes of the cells that a file below a store's plans refers to, so that their results
// must be kept; see store.Store.Garbage. name is the base name of the file, text its content:
//
//   - a summary refers to the models of its games, to its attackers' single games and candidates, and to the
//     cells that it lacks;
//   - any other file, such as a stored plan, the note of a failure or a file of a person's, refers to each cell
//     whose hash it contains.
//
// A summary or stored plan that is damaged or does not fit its digest, or a summary of another format, might refer to any cell: References
// returns an error then.
func References(name string, text []byte) ([]string, error) {
	isSummary := name == store.SummaryFile || name == store.SweepFile
	if isSummary || name == File {
		if _, err := cell.CheckSeal(text); err != nil {
			return nil, err
		}
	}
	if isSummary {
		return summaryReferences(text)
	}
	return hashesIn(string(text)), nil
}

// summaryFormat is the version of both kinds of summaries, see package summary.
const summaryFormat = SweepFormat

// summaryReferences returns the cells that the summary of a run or of a sweep refers to.
func summaryReferences(text []byte) ([]string, error) {
	var s struct {
		Format int              `json:"format"`
		Rows   []referringGame  `json:"rows"` // of a run
		Points []referringPoint `json:"points"`
		// Missing lists the cells that are needed and not stored.
		Missing []struct {
			Cell string `json:"cell"`
		} `json:"missing"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	if s.Format != summaryFormat {
		return nil, fmt.Errorf("it has format %d, this program reads %d", s.Format, summaryFormat)
	}
	var cells []string
	for _, point := range append(s.Points, referringPoint{s.Rows}) {
		for _, game := range point.Games {
			cells = append(cells, game.cells()...)
		}
	}
	for _, missing := range s.Missing {
		cells = append(cells, missing.Cell)
	}
	return cells, nil
}

// referringPoint is the part of summary.PointSummary that refers to cells.
type referringPoint struct {
	Games []referringGame `json:"games"`
}

// referringGame is the part of summary.GameResult that refers to cells.
type referringGame struct {
	Cell   string   `json:"cell"`
	Models []string `json:"models"`
	Vote   struct {
		Control struct {
			Models []string `json:"models"`
		} `json:"control"`
	} `json:"vote"`
	Attackers []struct {
		Model      string      `json:"model"`
		SingleCell string      `json:"single_cell"`
		Lone       comparison  `json:"lone"`
		Transfer   comparison  `json:"transfer"`
		Candidates []Candidate `json:"draws"`
	} `json:"attackers"`
	Values struct {
		Base   string `json:"base"`
		Agents []struct {
			Model string `json:"model"`
		} `json:"agents"`
	} `json:"values"`
}

// comparison is the part of summary.Comparison that refers to a cell.
type comparison struct {
	Cell string `json:"cell"`
}

func (g referringGame) cells() []string {
	cells := slices.Concat([]string{g.Cell}, g.Models, g.Vote.Control.Models)
	if g.Values.Base != "" {
		cells = append(cells, g.Values.Base)
	}
	for _, agent := range g.Values.Agents {
		cells = append(cells, agent.Model)
	}
	for _, attacker := range g.Attackers {
		for _, cell := range []string{attacker.Model, attacker.SingleCell, attacker.Lone.Cell, attacker.Transfer.Cell} {
			if cell != "" {
				cells = append(cells, cell)
			}
		}
		for _, candidate := range attacker.Candidates {
			cells = append(cells, candidate.Cell)
		}
	}
	return cells
}

// hashesIn returns the words of a text that have the form of a cell's hash.
func hashesIn(text string) []string {
	const digits = 64
	var hashes []string
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) {
		if len(word) == digits {
			hashes = append(hashes, word)
		}
	}
	return hashes
}
