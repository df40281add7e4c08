package audit

import (
	"fmt"
	"slices"

	"backfire/audit/design"
	"backfire/audit/phase"
	"backfire/audit/shares"
	"backfire/claims"
	"backfire/stats"
)

// Result holds the findings of an audit so far.
type Result struct {
	Spec *Spec `json:"spec"`
	// Hash is that of what was fixed before anything was trained. The caller sets it.
	Hash   string     `json:"hash"`
	Design DesignText `json:"design"`
	// Seeds is the number of seeds on which all runs of the screening are played.
	Seeds   int        `json:"seeds"`
	Effects []Screened `json:"effects"`
	// Means are the means behind the main effects.
	Means []LevelMean `json:"means"`
	// Combinations is the interference at each combination of the two strongest factors.
	Combinations []Combination   `json:"combinations"`
	Pair         []string        `json:"pair"` // the factors of the phase diagram; empty: not decided
	Phase        []phase.Diagram `json:"phase"`
	Undecided    []string        `json:"undecided"` // cells of the diagram with an undecided share of successes
	Matrix       []Row           `json:"matrix"`
	Nearest      []Nearest       `json:"nearest"`
	// Law is the test of the law of shares on all attackers with a matched single, by what the triggers' design
	// lets a network tell apart; nil without any. LawByMatrix is that by what the cross-trigger matrices show the
	// networks to tell apart, on the attackers of which they show it.
	Law         *shares.Law `json:"law,omitempty"`
	LawByMatrix *shares.Law `json:"law_by_matrix,omitempty"`
	// Predictions are those of the law.
	Predictions []shares.Prediction `json:"predictions"`
	// Games lists what was played, each with its models.
	Games []GameLine `json:"games"`
	// Collapsed counts the games of the screening whose model predicts no better than chance. They count as
	// measured in effects; claims leave them out.
	Collapsed int `json:"collapsed"`
}

// StatedLaw returns the test of the law of shares that states what backfiring is: by the cross-trigger matrices, or by
// the design of the triggers where these do not tell; nil without any.
func (r *Result) StatedLaw() *shares.Law {
	if r.LawByMatrix != nil {
		return r.LawByMatrix
	}
	return r.Law
}

// DesignText describes a design in the names of its factors.
type DesignText struct {
	Runs       int      `json:"runs"`
	Resolution int      `json:"resolution"`
	Generators []string `json:"generators"` // such as "size = deal x labels x steps"
	Words      []string `json:"words"`
	Aliases    []string `json:"aliases"` // groups of interactions that are not told apart
	FoldOver   string   `json:"fold_over"`
}

// LevelMean is the mean of a measure over the runs with a factor's level.
type LevelMean struct {
	Factor  string       `json:"factor"`
	Level   string       `json:"level"`
	Measure Measure      `json:"measure"`
	N       int          `json:"n"`
	Mean    stats.Number `json:"mean"`
}

// DescribeDesign describes a design in the names of the factors.
func (s *Spec) DescribeDesign(d design.Design) DesignText {
	names := s.Names()
	text := DesignText{Runs: d.Runs(), Resolution: d.Resolution(), Generators: []string{}, Words: []string{}, Aliases: []string{}}
	for i, g := range d.Generators {
		text.Generators = append(text.Generators, names[d.Factors-len(d.Generators)+i]+" = "+g.Text(names))
	}
	for _, w := range d.Words() {
		text.Words = append(text.Words, w.Text(names))
	}
	for _, group := range d.Aliases() {
		if len(group) > 1 {
			text.Aliases = append(text.Aliases, design.AliasText(group, names))
		}
	}
	for i, fold := range d.Folds {
		if i > 0 {
			text.FoldOver += "; "
		}
		text.FoldOver += fold.Text(names)
	}
	return text
}

// Analyze returns what the trials of an audit on a dataset show. resamples is the number of resamples of the seeds
// behind a band of the phase diagram; 0: as many as package phase takes.
func (s *Spec) Analyze(trials []Trial, dataset string, resamples int) (*Result, error) {
	games := newPlayed(trials)
	d, seeds, err := s.playedDesign(games)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Spec: s, Design: s.DescribeDesign(d), Seeds: seeds, Effects: []Screened{}, Means: []LevelMean{}, Pair: []string{},
		Phase: []phase.Diagram{}, Undecided: []string{}, Nearest: s.nearest(trials, dataset), Games: s.gameLines(trials),
	}
	if r.Predictions, err = s.law(trials); err != nil {
		return nil, err
	}
	if r.Law, err = testLaw(r.Predictions); err != nil {
		return nil, err
	}
	if r.LawByMatrix, err = testLaw(shares.ByMatrix(r.Predictions)); err != nil {
		return nil, err
	}
	if err := s.screen(r, d, games); err != nil {
		return nil, err
	}
	strongest := s.pair(d, games, seeds)
	if r.Combinations, err = s.combinations(d, strongest, games, seeds); err != nil {
		return nil, fmt.Errorf("audit: interference by combination: %w", err)
	}
	diagram := false
	for _, t := range trials {
		diagram = diagram || t.Stage == StagePhase
		if t.Stage == StageScreening && t.Game.Collapsed {
			r.Collapsed++
		}
	}
	var pair []int
	if diagram {
		pair = strongest
	}
	if r.Matrix, err = s.matrix(d, pair, trials, games, seeds); err != nil || !diagram {
		return r, err
	}
	r.Pair = []string{s.Factors[pair[0]].Name, s.Factors[pair[1]].Name}
	r.Phase, err = phase.Analyze(s.phaseGames(pair, trials), phase.Options{Rule: s.Phase.Rule(), Margin: s.Margins.Effect, Resamples: resamples})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	for _, diagram := range r.Phase {
		for _, c := range diagram.Cells {
			if c.Standing == phase.Undecided {
				r.Undecided = append(r.Undecided, fmt.Sprintf("%s, k = %d, N = %d", diagram.Reading, c.K, c.N))
			}
		}
	}
	return r, nil
}

// screen adds what the screening shows of each measure at each N.
func (s *Spec) screen(r *Result, d design.Design, games played) error {
	for _, n := range s.Screening.Counts {
		for _, m := range Measures() {
			if n == 1 && m == Interference || r.Seeds == 0 {
				continue
			}
			effects, err := s.screened(d, games, r.Seeds, n, m)
			if err != nil {
				return fmt.Errorf("audit: effects on %s: %w", m, err)
			}
			r.Effects = append(r.Effects, effects...)
			r.Means = append(r.Means, s.levelMeans(d, games, r.Seeds, n, m)...)
		}
	}
	return nil
}

// playedDesign returns the design of the screening, with its fold-over if that was played, and the number of seeds on
// which all of its runs were.
func (s *Spec) playedDesign(games played) (design.Design, int, error) {
	d, err := s.Design()
	if err != nil {
		return d, 0, err
	}
	seeds := s.completeSeeds(d, games)
	if !s.Screening.FoldOver || seeds < s.Screening.Looks[0] {
		return d, seeds, nil
	}
	fold := s.foldOver(d, games, s.Screening.Looks[0])
	if fold == 0 {
		return d, seeds, nil
	}
	if folded := s.completeSeeds(d.Fold(fold), games); folded >= s.Screening.Looks[0] {
		return d.Fold(fold), folded, nil
	}
	return d, seeds, nil
}

// completeSeeds returns the number of first seeds on which all runs of the screening are played.
func (s *Spec) completeSeeds(d design.Design, games played) int {
	for i := range s.Screening.Looks[len(s.Screening.Looks)-1] {
		plays := slices.DeleteFunc(s.screeningPlays(d, 0, i+1), func(p Play) bool { return p.Seed != s.FirstSeed+uint64(i) })
		if !games.all(plays) {
			return i
		}
	}
	return s.Screening.Looks[len(s.Screening.Looks)-1]
}

// levelMeans returns the mean of a measure at each level of each factor.
func (s *Spec) levelMeans(d design.Design, games played, seeds, n int, m Measure) []LevelMean {
	var means []LevelMean
	for f, factor := range s.Factors {
		for _, high := range []bool{false, true} {
			var values []float64
			for i := range seeds {
				row, ok := games.runsOf(d, s.FirstSeed+uint64(i), n, m)
				for run := 0; ok && run < len(row); run++ {
					if d.High(run, f) == high {
						values = append(values, row[run])
					}
				}
			}
			means = append(means, LevelMean{factor.Name, factor.Level(high).Name, m, n, stats.Summarize(values).Mean})
		}
	}
	return means
}

// phaseGames returns the games of the phase diagram in the form of package phase.
func (s *Spec) phaseGames(pair []int, trials []Trial) []phase.Game {
	games := []phase.Game{}
	for _, t := range trials {
		if t.Stage != StagePhase || t.Game.Defense != claims.NoDefense {
			continue
		}
		g := phase.Game{
			Reading: s.pairText(pair, t.High, 0), N: t.N(), K: t.Poisoned, Seed: t.Game.Seed,
			ASR: stats.Number(meanASR(t.Game)), Lift: stats.Number(Lift.Of(t.Game)), Interference: stats.Number(Interference.Of(t.Game)),
		}
		for _, a := range t.Game.Attackers {
			if !a.Lift.Defined() {
				continue
			}
			g.Attackers++
			if a.Lift >= SuccessLift {
				g.Successes++
			}
		}
		if g.Attackers > 0 {
			games = append(games, g)
		}
	}
	return games
}
