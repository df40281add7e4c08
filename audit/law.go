package audit

import (
	"fmt"
	"strconv"

	"backfire/audit/design"
	"backfire/audit/shares"
	"backfire/claims"
	"backfire/stats"
)

// GameLine is a game that was played.
type GameLine struct {
	Stage        Stage        `json:"stage"`
	Reading      string       `json:"reading"`
	Poisoned     int          `json:"poisoned"` // per attacker, of the phase diagram; otherwise 0
	N            int          `json:"n"`
	Seed         uint64       `json:"seed"`
	Defense      string       `json:"defense"`
	ASR          stats.Number `json:"asr"`
	Lift         stats.Number `json:"lift"`
	Interference stats.Number `json:"interference"`
	Models       []string     `json:"models"` // hashes, those of matched singles last
}

// gameLines lists the games in the order of the trials.
func (s *Spec) gameLines(trials []Trial) []GameLine {
	lines := []GameLine{}
	for _, t := range trials {
		line := GameLine{
			Stage: t.Stage, Reading: s.Text(t.High), Poisoned: t.Poisoned, N: t.N(), Seed: t.Game.Seed, Defense: t.Game.Defense,
			ASR: stats.Number(meanASR(t.Game)), Lift: stats.Number(Lift.Of(t.Game)), Interference: stats.Number(Interference.Of(t.Game)),
			Models: append([]string{}, t.Game.Models...),
		}
		if t.Stage == StageShares {
			line.Reading += ", jitter = " + JitterText(t.Jitter)
		}
		for _, a := range t.Game.Attackers {
			if a.Single != nil && a.Single.Model != "" {
				line.Models = append(line.Models, a.Single.Model)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// law returns the predictions of the law of shares for the undefended games of several attackers, each game once.
func (s *Spec) law(trials []Trial) ([]shares.Prediction, error) {
	var games []shares.Game
	seen := map[string]bool{}
	for _, t := range trials {
		if t.N() < 2 || t.Game.Defense != claims.NoDefense || t.Game.Collapsed {
			continue
		}
		c := t.Condition
		if c.Stage == StagePrimary {
			c.Stage = StageScreening // the same game is in both
		}
		g := shares.Game{Condition: fmt.Sprintf("%s, N = %d", s.ConditionName(c), t.N()), Seed: t.Game.Seed, Design: s.distinguishable(c), Cross: t.Cross}
		key := fmt.Sprint(t.Game.Seed, t.Game.Models)
		if len(t.Game.Models) == 0 {
			key = fmt.Sprint(g.Condition, g.Seed)
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		for _, a := range t.Game.Attackers {
			one := shares.Attacker{ID: a.ID, Target: a.Target, Poisoned: a.Poisoned, ASR: a.ASR, Single: stats.Undefined()}
			if a.Single != nil && !a.Single.Collapsed {
				one.Single = a.Single.ASR
			}
			g.Attackers = append(g.Attackers, one)
		}
		games = append(games, g)
	}
	predictions, err := shares.Predict(games)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return predictions, nil
}

// testLaw tests the law of shares on predictions, nil if there are none.
func testLaw(predictions []shares.Prediction) (*shares.Law, error) {
	if len(predictions) == 0 {
		return nil, nil
	}
	law, err := shares.Test(predictions, 0)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return law, nil
}

// distinguishable returns how far the triggers of different attackers can be told apart by design: 0 with another
// pattern for every image, otherwise 1 less the share of a pattern's pixels that is drawn afresh (trigger.jitter).
func (s *Spec) distinguishable(c Condition) float64 {
	if c.Stage == StageShares {
		return 1 - c.Jitter
	}
	setting := func(key string) string {
		for i, f := range s.Factors {
			if value, ok := f.Level(c.High&design.Main(i) != 0).Settings[key]; ok {
				return value
			}
		}
		return s.Base[key]
	}
	if setting(samplingKey) == perImage {
		return 0
	}
	jitter, err := strconv.ParseFloat(setting(jitterKey), 64)
	if err != nil {
		return 1 // it is not set
	}
	return 1 - jitter
}
