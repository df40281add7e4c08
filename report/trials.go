package report

import (
	"fmt"
	"strconv"

	"backfire/audit"
	"backfire/audit/design"
	"backfire/claims"
	"backfire/experiments/summary"
)

// Trials returns the games of an audit's summary that have whole results, in the form in which package audit judges
// them; none for a summary of no audit. Games in which attackers collude are left out. The error is that of
// opt.Result.
func Trials(s *summary.Summary, dataset string, opt Options) ([]audit.Trial, error) {
	if s.Audit == nil {
		return nil, nil
	}
	b := &builder{kind: Points, opt: opt, all: collect(s, dataset)}
	trials := map[*summary.PointSummary][]audit.Trial{}
	for _, series := range b.all {
		for _, p := range series.complete() {
			if colluding(p.game.Attackers) {
				continue
			}
			g, err := b.measured(series, p)
			if err != nil {
				return nil, err
			}
			cross, err := b.crossTrigger(p, g.Defense)
			if err != nil {
				return nil, err
			}
			trials[p.point] = append(trials[p.point], audit.Trial{Condition: conditionOf(s.Audit, p.point.Keys), Game: g, Cross: cross})
		}
	}
	var ordered []audit.Trial
	for i := range s.Points {
		ordered = append(ordered, trials[&s.Points[i]]...)
	}
	return ordered, nil
}

// conditionOf returns the condition that the keys of a point name.
func conditionOf(spec *audit.Spec, keys map[string]string) audit.Condition {
	c := audit.Condition{Stage: audit.Stage(keys["stage"])}
	for f, factor := range spec.Factors {
		if keys[factor.Name] == factor.High.Name {
			c.High |= design.Main(f)
		}
	}
	c.Poisoned, _ = strconv.Atoi(keys["poisoned"]) // other stages have none
	c.Jitter, _ = strconv.ParseFloat(keys["jitter"], 64)
	return c
}

// crossTrigger returns the cross-trigger matrix of an undefended game of several attackers; nil for any other game, and
// where its result is missing.
func (b *builder) crossTrigger(p played, defense string) ([][]float64, error) {
	if b.opt.Result == nil || p.game.N < 2 || defense != claims.NoDefense || p.game.Cell == "" {
		return nil, nil
	}
	result, err := b.opt.Result(p.game.Cell)
	if err != nil {
		return nil, fmt.Errorf("cross-trigger matrix: %w", err)
	}
	if result == nil || len(result.Cross) != len(p.game.Attackers) {
		return nil, nil
	}
	var cross [][]float64
	for _, rates := range result.Cross {
		row := make([]float64, len(rates))
		for j, rate := range rates {
			row[j] = rate.Value()
		}
		cross = append(cross, row)
	}
	return cross, nil
}
