// Package claims judges the paper's claims by measurements: pure functions from
// measured games to a verdict of supported, contradicted or inconclusive.
//
// # How a verdict is reached
//
// A claim consists of one or more statements such as "the mean ASR with CutMix is
// lower than without". For each statement one number is computed per seed, from
// games of that seed alone: games with one seed share deal and triggers, so their
// difference is paired. The numbers of all seeds give a mean with its 95 %
// confidence interval (Student's t, package stats). Attackers and games of one
// seed depend on each other and never count as repetitions. This is the analysis
// by summary measures of Matthews, Altman, Campbell and Royston, "Analysis of
// serial measurements in medical research", BMJ 300 (1990).
//
// A statement is compared with a bound, the smallest effect that counts as one
// (see [EffectMargin]), not with zero: with enough seeds an effect of any size
// differs from zero, and no number of seeds shows that there is no effect (Lakens,
// Scheel and Isager, "Equivalence Testing for Psychological Research", 2018). A
// statement is supported if the whole interval is on the claimed side of the
// bound, contradicted if the whole interval is on the other side, and otherwise
// inconclusive. If the true effect equals the bound, each of the first two happens
// in 2.5 % of experiments.
//
// A claim of several statements is supported if all of them are (which keeps the
// 2.5 %: Berger, "Multiparameter hypothesis testing and acceptance sampling",
// 1982) and contradicted if one of them is (at most 2.5 % for each).
//
// Every statement about the ASR is also evaluated on the lift, since an
// undertrained model that predicts "bird" for every image has an ASR without any
// backdoor. If the two outcomes differ, the claim is inconclusive and the verdict
// states both.
//
// A claim is inconclusive, whatever the numbers, in three more cases: with fewer
// than [MinSeeds] seeds; while a game is missing that another seed has or that the
// claim needs for comparison, so that measuring cannot stop early at a convenient
// result; and if no fall is seen but there was too little to lose (see [Room]).
// Seeds with a collapsed model are left out, and the verdict lists them.
package claims

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrUnknownClaim is wrapped for the ID of an unknown claim.
var ErrUnknownClaim = errors.New("no such claim")

// Claim is one of the paper's claims.
type Claim struct {
	ID    string `json:"id"`    // C1 to C8
	Title string `json:"title"` // a few words
	// Says is the claim as a clause.
	Says string `json:"says"`
	// Tables lists the paper's tables whose games settle the claim.
	Tables []int `json:"tables"`

	// examine selects the games that the claim needs and returns the statements
	// to compute from them. It returns nil if there are no such games.
	examine func(s *study) []statement
}

// claims lists all claims in their order.
var claims = []Claim{
	{ID: "C1", Title: "backfiring", Says: "the mean ASR falls as the number of attackers grows", Tables: []int{1, 3}, examine: backfiring},
	{ID: "C2", Title: "one raises p", Says: "one attacker that raises its p gains and the others lose", Tables: []int{1}, examine: oneRaises},
	{ID: "C3", Title: "mutually assured destruction", Says: "everybody's ASR collapses when all raise p to 0.9", Tables: []int{1}, examine: allRaise},
	{ID: "C4", Title: "distinct labels", Says: "distinct target labels do not restore the single-attacker ASR", Tables: []int{2}, examine: distinctLabels},
	{ID: "C5", Title: "CutMix", Says: "CutMix lowers the ASR", Tables: []int{3}, examine: cutMix},
	{ID: "C6", Title: "agent augmentation", Says: "agent augmentation lowers the ASR further than CutMix, and evenly", Tables: []int{3}, examine: agentAugmentation},
	{ID: "C7", Title: "agent indexing", Says: "agent indexing lowers the ASR and keeps more standard accuracy than the other defenses", Tables: []int{3}, examine: agentIndexing},
	{ID: "C8", Title: "divergence", Says: "the divergence of an attacker's features explains its loss of ASR", Tables: []int{1, 2, 3}, examine: divergence},
}

// All returns the paper's claims in their order.
func All() []Claim { return slices.Clone(claims) }

// ForTable returns the IDs of the claims that a table of the paper can settle.
func ForTable(table int) []string {
	var ids []string
	for _, claim := range claims {
		if slices.Contains(claim.Tables, table) {
			ids = append(ids, claim.ID)
		}
	}
	return ids
}

// Judge judges the claims with the given IDs, or all claims if none is given. The
// error wraps [ErrMeasurements] or [ErrUnknownClaim]. Missing measurements are no
// error: they give an inconclusive verdict.
func Judge(m Measurements, ids ...string) ([]Verdict, error) {
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("claims: judge: %w", err)
	}
	if len(ids) == 0 {
		for _, claim := range claims {
			ids = append(ids, claim.ID)
		}
	}
	verdicts := make([]Verdict, 0, len(ids))
	for _, id := range ids {
		i := slices.IndexFunc(claims, func(c Claim) bool { return strings.EqualFold(c.ID, id) })
		if i < 0 {
			return nil, fmt.Errorf("claims: judge %q: %w: there are C1 to C%d", id, ErrUnknownClaim, len(claims))
		}
		verdicts = append(verdicts, claims[i].judge(m))
	}
	return verdicts, nil
}

// judge judges the claim by valid measurements.
func (c Claim) judge(m Measurements) Verdict {
	s := newStudy(m)
	statements := c.examine(s)
	v := Verdict{
		Claim: c.ID, Title: c.Title, Says: c.Says, Reading: m.Reading,
		Seeds: s.complete(), Models: s.models(), Statistics: []Statistic{},
	}
	for _, statement := range statements {
		for _, measure := range statement.measures {
			v.Statistics = append(v.Statistics, s.measure(statement, measure))
		}
	}
	v.Missing, v.Excluded = s.missing.texts(len(s.seeds)), s.excluded.texts(len(s.seeds))
	v.decide()
	return v
}
