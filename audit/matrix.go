package audit

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"backfire/audit/design"
	"backfire/claims"
	"backfire/stats"
)

// Row is a reading at a scale in the verdict matrix, with the answers on the claims that its games speak to.
type Row struct {
	Stage   Stage    `json:"stage"`
	Reading string   `json:"reading"`
	Scale   string   `json:"scale"` // "N = 5", "k = 24", "jitter = 0.5"
	Answers []Answer `json:"answers"`
}

// Answer is the answer on one claim.
type Answer struct {
	Claim   string         `json:"claim"`
	Outcome claims.Outcome `json:"outcome"`
	// Exploratory reports whether the answer is none of the primary verdicts, which alone are corrected for each
	// other.
	Exploratory bool         `json:"exploratory"`
	Estimate    stats.Number `json:"estimate"` // of the deciding statement, a share
	Low         stats.Number `json:"low"`
	High        stats.Number `json:"high"`
	Seeds       int          `json:"seeds"`
	// Needed is the number of seeds that an undecided claim would probably be settled with, or the least with
	// which it has an answer at all if TooFew; 0: not known.
	Needed   int    `json:"seeds_needed"`
	TooFew   bool   `json:"too_few_seeds"`
	Sentence string `json:"sentence"`
	// Finding says the same in plain words (claims.Finding); empty for a claim that has none.
	Finding string `json:"finding"`
}

// Answer returns the row's answer on a claim; nil if its games do not speak to it.
func (r *Row) Answer(claim string) *Answer {
	if i := slices.IndexFunc(r.Answers, func(a Answer) bool { return a.Claim == claim }); i >= 0 {
		return &r.Answers[i]
	}
	return nil
}

// judgedAlone lists the claims that need no defense and no network of another width.
var judgedAlone = []string{"C1", "C4", "S1", "S2", "S4"}

// matrix returns the rows of the verdict matrix: the primary reading, then each level of each factor at each N of
// the screening, then the readings of the law of shares at each jitter, then those of the phase diagram at each k.
func (s *Spec) matrix(d design.Design, pair []int, trials []Trial, games played, seeds int) ([]Row, error) {
	primary, err := s.judged(Row{Stage: StagePrimary, Reading: s.Text(s.PrimaryLevels()), Scale: countsText(s.Primary.Counts)},
		gamesOf(trials, func(t Trial) bool { return t.Stage == StagePrimary }), s.Primary.Claims)
	if err != nil {
		return nil, err
	}
	rows := []Row{primary}
	levels, err := s.levelRows(d, games, seeds)
	if err != nil {
		return nil, err
	}
	rows = append(rows, levels...)
	ofShares, err := s.sharesRows(trials)
	if err != nil {
		return nil, err
	}
	rows = append(rows, ofShares...)
	if pair == nil {
		return rows, nil
	}
	more, err := s.phaseRows(pair, trials)
	return append(rows, more...), err
}

// countsText returns numbers of attackers as a scale.
func countsText(counts []int) string {
	text := "N = "
	for i, n := range counts {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(n)
	}
	return text
}

// gamesOf returns the games of the trials for which keep returns true.
func gamesOf(trials []Trial, keep func(Trial) bool) []claims.Game {
	var games []claims.Game
	for _, t := range trials {
		if keep(t) {
			games = append(games, t.Game)
		}
	}
	return games
}

// judged adds the answers of package claims on games of one reading. primary lists the claims that are corrected
// for each other; none: all answers are exploratory.
func (s *Spec) judged(row Row, games []claims.Game, primary []string) (Row, error) {
	row.Answers = []Answer{}
	if len(games) == 0 {
		return row, nil
	}
	one := games[0].Attackers[0]
	m := claims.Measurements{
		Reading: row.Reading, Rate: one.Rate, P1: one.P1, P2: one.P2, Games: games, Primary: primary, Margins: s.Margins,
	}
	ids := slices.Clone(judgedAlone)
	for _, id := range primary {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	verdicts, err := claims.Judge(m, ids...)
	if errors.Is(err, claims.ErrTwoResults) {
		return row, nil // the games differ in more than claims compare
	}
	if err != nil {
		return row, fmt.Errorf("audit: judge %s: %w", row.Reading, err)
	}
	for _, v := range verdicts {
		a := Answer{
			Claim: v.Claim, Outcome: v.Outcome, Exploratory: v.Exploratory, Seeds: len(v.Seeds),
			Needed: v.Needed, TooFew: v.TooFew(), Sentence: v.Sentence, Finding: claims.Finding(v),
			Estimate: stats.Undefined(), Low: stats.Undefined(), High: stats.Undefined(),
		}
		if len(v.Statistics) > 0 {
			first := v.Statistics[0]
			a.Estimate, a.Low, a.High = first.Estimate, first.Low, first.High
		}
		row.Answers = append(row.Answers, a)
	}
	return row, nil
}

// levelRows returns a row for all runs of the screening, and one for each level of each factor, at each N: backfiring
// over the runs at that level, whatever the other factors are.
func (s *Spec) levelRows(d design.Design, games played, seeds int) ([]Row, error) {
	var rows []Row
	for _, n := range s.Screening.Counts {
		if n < 2 {
			continue
		}
		all, err := s.levelRow("all readings together", d, games, seeds, n, func(int) bool { return true })
		if err != nil {
			return nil, err
		}
		if labels := s.labelsFactor(); labels >= 0 {
			a, err := s.oneLabel(d, games, seeds, n, labels)
			if err != nil {
				return nil, err
			}
			all.Answers = append(all.Answers, a)
		}
		rows = append(rows, all)
		for f, factor := range s.Factors {
			for _, high := range []bool{false, true} {
				row, err := s.levelRow(factor.Name+" = "+factor.Level(high).Name, d, games, seeds, n, func(run int) bool { return d.High(run, f) == high })
				if err != nil {
					return nil, err
				}
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// levelRow answers C1 over some runs of the design: the mean interference over them on each seed.
func (s *Spec) levelRow(reading string, d design.Design, games played, seeds, n int, keep func(run int) bool) (Row, error) {
	values, rooms := s.interferenceOf(d, games, seeds, n, keep)
	row := Row{Stage: StageScreening, Reading: reading, Scale: fmt.Sprintf("N = %d", n)}
	a, err := s.answer("C1", values, claims.Below, s.interval(d, games, seeds, n))
	if err != nil {
		return row, err
	}
	if room := float64(stats.Summarize(rooms).Mean); a.Outcome == claims.NoEffect && !(room >= 2*s.Margins.Effect) {
		a.Outcome = claims.Undecided
		a.Sentence += fmt.Sprintf(" Alone the attackers reach a lift of %.1f points, which leaves too little to lose.", 100*room)
	}
	row.Answers = []Answer{a}
	return row, nil
}

// interferenceOf returns the mean interference over some runs of the design, and the mean lift of the matched singles
// in them, on each seed that has all of these runs.
func (s *Spec) interferenceOf(d design.Design, games played, seeds, n int, keep func(run int) bool) (values, singles []float64) {
	for i := range seeds {
		seed := s.FirstSeed + uint64(i)
		var interference, single []float64
		for run := range d.Runs() {
			if !keep(run) {
				continue
			}
			g := games[playedKey{Condition{Stage: StageScreening, High: levelsOf(d, run)}, seed, n}]
			interference, single = append(interference, Interference.Of(g)), append(single, singleLift(g))
		}
		if mean := stats.Summarize(interference); mean.Undefined == 0 && mean.N > 0 {
			values, singles = append(values, float64(mean.Mean)), append(singles, float64(stats.Summarize(single).Mean))
		}
	}
	return values, singles
}

// answer returns the answer on a claim that a mean over the seeds lies beyond the margin on a side.
func (s *Spec) answer(claim string, values []float64, side claims.Side, interval Interval) (Answer, error) {
	e := Screened{
		PerSeed: values, Interval: interval, Estimate: stats.Undefined(), Low: stats.Undefined(), High: stats.Undefined(), Direction: Undecided,
	}
	if err := e.judge(s.Margins.Effect); err != nil {
		return Answer{}, err
	}
	a := Answer{
		Claim: claim, Outcome: claims.Undecided, Exploratory: true, Estimate: e.Estimate, Low: e.Low, High: e.High, Seeds: len(values),
	}
	switch {
	case e.Direction == NoEffect:
		a.Outcome = claims.NoEffect
	case e.Direction == Lowers && side == claims.Below, e.Direction == Raises && side == claims.Above:
		a.Outcome = claims.Supported
	case e.matters():
		a.Outcome = claims.Opposite
	}
	if len(values) < claims.MinSeeds(1) {
		a.Needed, a.TooFew = claims.MinSeeds(1), true
	}
	a.Sentence = fmt.Sprintf("%s points (95 %% CI %s to %s) on %d seeds.", stats.Points(a.Estimate), stats.Points(a.Low), stats.Points(a.High), len(values))
	return a, nil
}

// labelsKey is the key whose value a factor of labels varies.
const labelsKey = "attackers.labels"

// labelsFactor returns the position of the factor one level of which gives all attackers one label; -1 for none.
func (s *Spec) labelsFactor() int {
	return slices.IndexFunc(s.Factors, func(f Factor) bool {
		return (f.Low.Settings[labelsKey] == "same") != (f.High.Settings[labelsKey] == "same")
	})
}

// oneLabel answers S4 over all runs: the mean lift with one label minus that with others, on each seed.
func (s *Spec) oneLabel(d design.Design, games played, seeds, n, labels int) (Answer, error) {
	var values []float64
	sign := 1.0
	if s.Factors[labels].Low.Settings[labelsKey] == "same" {
		sign = -1
	}
	for i := range seeds {
		if row, ok := games.runsOf(d, s.FirstSeed+uint64(i), n, Lift); ok {
			values = append(values, sign*contrast(d, design.Main(labels), row))
		}
	}
	return s.answer("S4", values, claims.Above, s.interval(d, games, seeds, n))
}

// phaseRows returns a row for each reading of the phase diagram and each k. Readings that differ in their labels
// alone are judged together, so that claims compare them.
func (s *Spec) phaseRows(pair []int, trials []Trial) ([]Row, error) {
	var rows []Row
	together := design.Effect(0)
	if labels := s.labelsFactor(); slices.Contains(pair, labels) {
		together = design.Main(labels)
	}
	seen := map[design.Effect]bool{}
	for _, c := range s.cells(pair) {
		high := c.High &^ together
		if seen[high] {
			continue
		}
		seen[high] = true
		for _, k := range s.Phase.Poisoned {
			row, err := s.judged(Row{Stage: StagePhase, Reading: s.pairText(pair, high, together), Scale: fmt.Sprintf("k = %d", k)},
				gamesOf(trials, func(t Trial) bool {
					return t.Stage == StagePhase && t.High&^together == high && t.Poisoned == k
				}), nil)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// pairText describes the levels of a pair of factors, without those that are judged together.
func (s *Spec) pairText(pair []int, high, together design.Effect) string {
	text := ""
	for _, f := range pair {
		if design.Main(f) == together {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += s.Factors[f].Name + " = " + s.Factors[f].Level(high&design.Main(f) != 0).Name
	}
	return text
}

// finite reports whether a number is defined.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
