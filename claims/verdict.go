package claims

import (
	"slices"

	"backfire/stats"
)

// Verdict is the judgement of a claim by measurements.
type Verdict struct {
	Claim   string  `json:"claim"` // C1 to C8, S1 to S9
	Title   string  `json:"title"` // Claim.Title
	Says    string  `json:"says"`  // Claim.Says
	Outcome Outcome `json:"outcome"`
	// Size is AsLarge if every statement that the paper's values support is, and
	// Smaller if one is. It is not corrected for other claims.
	Size Size `json:"size"`
	// Reading repeats Measurements.Reading.
	Reading string `json:"reading"`
	// Seeds lists the seeds from which the statistics are computed. Models is the
	// number of trained models behind their games.
	Seeds  []uint64 `json:"seeds"`
	Models int      `json:"models"`
	// Exploratory reports whether the claim was not chosen before anything was trained.
	// Its answer is no verdict; see Measurements.Primary.
	Exploratory bool `json:"exploratory"`
	// Claims is the number of claims that were judged together. P is the smallest
	// error level at which the claim is answered by itself, and Adjusted the smallest
	// one after correction for the others (stats.Holm). The outcome is Undecided if
	// Adjusted is above 5 %.
	Claims   int          `json:"claims"`
	P        stats.Number `json:"p"`
	Adjusted stats.Number `json:"p_adjusted"`
	// Needed is the number of seeds, of an undecided claim, with which it would be
	// answered with a probability of 80 % if the seeds to come were like those at
	// hand; with too few seeds for any answer it is MinSeeds. It is 0 if the
	// measurements do not tell.
	Needed int `json:"seeds_needed"`
	// Statistics holds each of the claim's statements: on ASR and on lift if it is
	// about the ASR, otherwise on standard accuracy. Those beside the verdict come last.
	Statistics []Statistic `json:"statistics"`
	// Missing lists the missing measurements. If it is not empty, the outcome is
	// Undecided.
	Missing []string `json:"missing"`
	// Excluded lists the games and seeds that are left out because a model
	// collapsed.
	Excluded []string `json:"excluded"`
	// Sentence states the verdict and its reason.
	Sentence string `json:"sentence"`

	attackers int // the fewest in a game behind the statistics
}

// correct decides verdicts that are corrected for each other. together is the number of
// claims that were chosen to be, with those of which there is no verdict.
func correct(verdicts []Verdict, together int) error {
	p := make([]float64, max(together, len(verdicts)))
	for i := range p {
		p[i] = 1
	}
	for i := range verdicts {
		v := &verdicts[i]
		v.Claims = len(p)
		if v.answerable() {
			_, p[i] = v.answers().best()
		}
		v.P = stats.Number(p[i])
	}
	adjusted := stats.Holm(p)
	for i := range verdicts {
		verdicts[i].Adjusted = stats.Number(adjusted[i])
		if err := verdicts[i].decide(); err != nil {
			return err
		}
	}
	return nil
}

// answerable reports whether the measurements are complete and the seeds enough.
func (v *Verdict) answerable() bool {
	return len(v.Missing) == 0 && len(v.Seeds) >= MinSeeds(v.Claims)
}

// decide sets the outcome, the size, the needed seeds and the sentence.
func (v *Verdict) decide() error {
	v.Outcome, v.Size = Undecided, v.size()
	if v.answerable() && v.Adjusted <= 1-confidence {
		v.Outcome, _ = v.answers().best()
	}
	if v.Outcome == Undecided && len(v.Missing) == 0 {
		var err error
		if v.Needed, err = v.needed(); err != nil {
			return err
		}
	}
	v.Sentence = v.sentence()
	return nil
}

// statements returns the statistics of each statement of the verdict, without those beside
// it: one for each of its measures.
func (v *Verdict) statements() [][]Statistic {
	var statements [][]Statistic
	last := -1
	for _, s := range v.Statistics {
		if s.Beside {
			continue
		}
		if s.Statement != last {
			statements, last = append(statements, nil), s.Statement
		}
		statements[len(statements)-1] = append(statements[len(statements)-1], s)
	}
	return statements
}

// joined returns the answers of one statement: each needs all of its measures.
func joined(statement []Statistic) answers {
	var all answers
	for _, s := range statement {
		all.supported = max(all.supported, s.p.supported)
		all.opposite = max(all.opposite, s.p.opposite)
		all.noEffect = max(all.noEffect, s.p.noEffect)
	}
	return all
}

// answers returns the answers of the claim. Support needs every statement; any one of
// n statements gives the other answers, which multiplies their error by n at most.
func (v *Verdict) answers() answers {
	statements := v.statements()
	if len(statements) == 0 {
		return unanswered
	}
	claim := answers{supported: 0, opposite: 1, noEffect: 1}
	n := float64(len(statements))
	for _, statement := range statements {
		one := joined(statement)
		claim.supported = max(claim.supported, one.supported)
		claim.opposite = min(claim.opposite, n*one.opposite)
		claim.noEffect = min(claim.noEffect, n*one.noEffect)
	}
	return claim
}

// deciding returns the statistics of the statement that decides: the first one of a
// supported claim, the clearest one of an opposite or absent effect, and the first
// one that is not supported by itself if the claim is undecided.
func (v *Verdict) deciding() []Statistic {
	statements := v.statements()
	of := func(s []Statistic) float64 { return joined(s).opposite }
	switch v.Outcome {
	case Supported:
		return statements[0]
	case Undecided:
		i := slices.IndexFunc(statements, func(s []Statistic) bool { return joined(s).supported > 1-confidence })
		return statements[max(0, i)]
	case NoEffect:
		of = func(s []Statistic) float64 { return joined(s).noEffect }
	}
	return slices.MinFunc(statements, func(a, b []Statistic) int {
		if of(a) < of(b) {
			return -1
		}
		return 1
	})
}

// size joins the sizes of the statements.
func (v *Verdict) size() Size {
	var all Size
	for _, s := range v.Statistics {
		switch {
		case s.Beside || s.Size == "" || all == Smaller:
		case s.Size == Smaller, all == "", all == AsLarge:
			all = s.Size
		}
	}
	return all
}

// TooFew reports whether there are too few seeds for any answer.
func (v *Verdict) TooFew() bool { return len(v.Seeds) < MinSeeds(v.Claims) }

// needed returns the value of Needed. The error levels are those of the first step of
// the correction.
func (v *Verdict) needed() (int, error) {
	if v.TooFew() {
		return MinSeeds(v.Claims), nil
	}
	level := (1 - confidence) / float64(v.Claims)
	statements := v.statements()
	support, other := 0, 0 // seeds for all statements, and for the first that fails
	supportable := true
	for _, statement := range statements {
		leaning := statement[0].leaning()
		one := level
		if leaning != Supported {
			one /= float64(len(statements))
		}
		seeds, err := neededFor(statement, one)
		switch {
		case err != nil:
			return 0, err
		case leaning == Supported:
			supportable = supportable && seeds > 0
			support = max(support, seeds)
		default:
			supportable = false
			if seeds > 0 && (other == 0 || seeds < other) {
				other = seeds
			}
		}
	}
	seeds := other
	if supportable {
		seeds = support
	}
	if seeds == 0 {
		return 0, nil
	}
	return max(seeds, len(v.Seeds)+1), nil
}

// neededFor returns the seeds that a statement needs on all of its measures, or 0 if
// they do not tell or lean to different answers.
func neededFor(statement []Statistic, level float64) (int, error) {
	most := 0
	for _, s := range statement {
		seeds, err := s.needed(level)
		if err != nil || seeds == 0 || s.leaning() != statement[0].leaning() {
			return 0, err
		}
		most = max(most, seeds)
	}
	return most, nil
}
