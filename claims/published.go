package claims

import (
	"fmt"
	"slices"
	"strings"

	"backfire/paper"
	"backfire/stats"
)

// Paper holds the paper's figures to compare effects with. The zero value stands for
// none.
type Paper struct {
	// Games holds the games of one table. They have one seed, standard accuracies
	// only where the table has them, and no lifts.
	Games []Game
	// Repeats is the distance, a share in [0, 1], within which the paper's own
	// figures repeat.
	Repeats stats.Number
}

// Published returns the paper's figures of a table, 1 to 3. It returns the zero value
// for other tables.
func Published(figures paper.Tables, table int) Paper {
	repeats := stats.Number(figures.Repeatability() / 100)
	switch table {
	case 1:
		return Paper{table1(figures.Table1), repeats}
	case 2:
		return Paper{table2(figures.Table2), repeats}
	case 3:
		return Paper{table3(figures.Table3), repeats}
	default:
		return Paper{}
	}
}

// publishedRate is the poison rate of the paper's games unless an attacker raises it.
const publishedRate = 0.2

// published returns a game with the paper's figures, in percent. singles are the single
// ASRs, which the paper has at publishedRate.
func published(defense string, labels Labels, ids, targets []int, rates, asr, singles []float64, clean stats.Number) Game {
	g := Game{Seed: 1, Defense: defense, Labels: labels, CleanAccuracy: clean / 100}
	g.Models = []string{fmt.Sprint(defense, labels, ids, targets, rates)}
	for i, id := range ids {
		a := Attacker{
			ID: id, Target: targets[i], Rate: rates[i], P1: rates[i], P2: rates[i], ASR: stats.Number(asr[i] / 100),
			Lift: stats.Undefined(), Divergence: stats.Undefined(), Robustness: stats.Undefined(), Randomness: stats.Undefined(),
		}
		if i < len(singles) && a.Rate == publishedRate {
			a.Single = &Figures{ASR: stats.Number(singles[i] / 100), Lift: stats.Undefined()}
		}
		g.Attackers = append(g.Attackers, a)
	}
	return g
}

// table1 returns the games of the paper's table 1.
func table1(t paper.Table1) []Game {
	var games []Game
	for _, row := range t.Rows {
		n := len(row.ASR)
		games = append(games, published(NoDefense, Same, numbered(n, 0), slices.Repeat([]int{t.Target}, n), row.Rates, row.ASR, t.Single, stats.Undefined()))
	}
	return games
}

// table2 returns the games of the paper's table 2. The single ASRs of one attacker differ
// between the table's columns, so the columns have attackers of their own; but the two
// games of one number have the same ones.
func table2(t paper.Table2) []Game {
	var games []Game
	first := 0
	for _, g := range t.Games {
		n := len(g.Different.ASR)
		ids := numbered(n, first)
		first += n
		for _, l := range []paper.Labelling{g.Same, g.Different} {
			games = append(games, published(NoDefense, LabelsOf(l.Targets), ids, l.Targets, slices.Repeat([]float64{publishedRate}, n), l.ASR, l.Single, stats.Undefined()))
		}
	}
	return games
}

// table3 returns the games of the paper's table 3. Every attacker has the mean ASR, and
// that of N = 1 as its single ASR, since the paper gives no others.
func table3(t paper.Table3) []Game {
	defenses := map[paper.Defense]string{
		paper.NoDefense: NoDefense, paper.DataAugmentation: CutMix, paper.AgentAugmentation: AgentAugmentation, paper.AgentIndexing: AgentIndexing,
	}
	var games []Game
	single := t.Rows[0].Games[0].MeanASR
	for _, row := range t.Rows {
		for _, g := range row.Games {
			n := g.N
			games = append(games, published(defenses[row.Defense], Random, numbered(n, 0), make([]int, n),
				slices.Repeat([]float64{publishedRate}, n), slices.Repeat([]float64{g.MeanASR}, n), slices.Repeat([]float64{single}, n), stats.Number(g.CleanAccuracy)))
		}
	}
	return games
}

// numbered returns n numbers from first on.
func numbered(n, first int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = first + i
	}
	return numbers
}

// paperValues returns the paper's value of each statement of a claim, on its ASR or
// standard accuracy, by the names that the statements have. It uses the games with
// the given numbers of attackers.
func (c Claim) paperValues(m Measurements, ns []int) map[string]float64 {
	values := map[string]float64{}
	s := newStudy(Measurements{Rate: m.Rate, P1: m.P1, P2: m.P2, Margins: m.Margins, Games: slices.DeleteFunc(slices.Clone(m.Paper.Games), func(g Game) bool {
		return !slices.Contains(ns, len(g.Attackers))
	})})
	for _, st := range c.examine(s) {
		for _, m := range st.measures {
			seeds := s.usable
			if st.beside {
				seeds = s.having(st)
			}
			if m != Lift && len(seeds) > 0 {
				values[strings.ReplaceAll(st.name, "%s", m.String())] = st.value(seeds[0], m)
			}
		}
	}
	return values
}
