package audit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"backfire/audit/design"
	"backfire/claims"
)

// Shares is the grid on which the law of shares is tested: readings by how far the triggers of different attackers can
// be told apart.
type Shares struct {
	// Readings lists, for each reading, the names of the factors that have their high level. Factors that set when
	// a trigger's pattern is drawn have the level with one pattern per attacker.
	Readings [][]string `json:"readings"`
	// Jitter lists values of trigger.jitter, ascending, in [0, 1]: the share of a pattern's pixels that is drawn
	// afresh for every image.
	Jitter []float64 `json:"jitter"`
	Counts []int     `json:"counts"` // numbers of attackers
	Seeds  int       `json:"seeds"`
}

// samplingKey and jitterKey are the keys that set how far triggers can be told apart.
const (
	samplingKey = "trigger.sampling"
	jitterKey   = "trigger.jitter"
	perImage    = "per_image"
)

func (s *Spec) checkShares() error {
	p := s.Shares
	if p == nil {
		return nil
	}
	if len(p.Readings) == 0 {
		return errors.New("shares.readings: must list readings, each with levels of factors; {} is the primary one")
	}
	for _, reading := range p.Readings {
		for _, name := range reading {
			if s.factor(name) < 0 {
				return fmt.Errorf("shares.readings: there is no factor %q", name)
			}
		}
	}
	for i, jitter := range p.Jitter {
		if !(jitter >= 0 && jitter <= 1) || i > 0 && jitter <= p.Jitter[i-1] {
			return fmt.Errorf("shares.jitter = %v: must be shares from 0 to 1 that ascend", p.Jitter)
		}
	}
	if len(p.Jitter) < 2 {
		return fmt.Errorf("shares.jitter = %v: must be two values or more, such as 0, 0.5 and 1", p.Jitter)
	}
	if least := claims.MinSeeds(1); p.Seeds < least {
		return fmt.Errorf("shares.seeds = %d: the law has no verdict from fewer than %d seeds: set %d", p.Seeds, least, least)
	}
	return checkCounts("shares.counts", p.Counts)
}

// told clears the factors whose high level draws another pattern for every image, and sets those whose low one does.
func (s *Spec) told(high design.Effect) design.Effect {
	for i, f := range s.Factors {
		switch {
		case f.High.Settings[samplingKey] == perImage:
			high &^= design.Main(i)
		case f.Low.Settings[samplingKey] == perImage:
			high |= design.Main(i)
		}
	}
	return high
}

// sharesConditions returns the conditions of the stage, reading by reading.
func (s *Spec) sharesConditions() []Condition {
	if s.Shares == nil {
		return nil
	}
	var conditions []Condition
	for _, reading := range s.Shares.Readings {
		high := design.Effect(0)
		for _, name := range reading {
			high |= design.Main(s.factor(name))
		}
		for _, jitter := range s.Shares.Jitter {
			c := Condition{Stage: StageShares, High: s.told(high), Jitter: jitter}
			if !slices.Contains(conditions, c) {
				conditions = append(conditions, c)
			}
		}
	}
	return conditions
}

// sharesPlays returns the plays of the stage, seed by seed.
func (s *Spec) sharesPlays() []Play {
	var plays []Play
	if s.Shares == nil {
		return nil
	}
	for i := range s.Shares.Seeds {
		for _, c := range s.sharesConditions() {
			plays = append(plays, Play{c, s.FirstSeed + uint64(i), s.Shares.Counts})
		}
	}
	return plays
}

// sharesRows returns a row of the verdict matrix for each reading and jitter of the stage.
func (s *Spec) sharesRows(trials []Trial) ([]Row, error) {
	var rows []Row
	for _, c := range s.sharesConditions() {
		games := gamesOf(trials, func(t Trial) bool { return t.Condition == c })
		if len(games) == 0 {
			continue
		}
		row, err := s.judged(Row{Stage: StageShares, Reading: s.Text(c.High), Scale: "jitter = " + JitterText(c.Jitter)}, games, nil)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// JitterText returns a jitter as it stands in the keys of points and in names: "0.5".
func JitterText(jitter float64) string { return strconv.FormatFloat(jitter, 'g', -1, 64) }
