// Package claims settles the paper's claims by measurement: pure functions from
// measured games to a verdict of supported, contradicted or inconclusive.
//
// # How a verdict is reached
//
// A claim is one or more statements such as "the mean ASR with CutMix is lower
// than without". For each statement one number is computed per seed, from games
// of that seed alone: games with one seed share deal and triggers, so their
// difference is paired. The numbers of all seeds give a mean with its 95 %
// confidence interval (Student's t, package stats); attackers and games of one
// seed depend on each other and never count as repetitions. This is the analysis
// by summary measures of Matthews, Altman, Campbell and Royston, "Analysis of
// serial measurements in medical research", BMJ 300 (1990).
//
// A statement is measured against a bound, the smallest effect that counts as
// one (see [EffectMargin]), not against zero: an effect of any size, however
// useless, differs from zero with enough seeds, and no number of seeds shows
// that there is none (Lakens, Scheel and Isager, "Equivalence Testing for
// Psychological Research", 2018). With the whole interval on the claimed side of
// the bound it is supported, with the whole interval on the other side
// contradicted, otherwise inconclusive; if the true effect is the bound itself,
// each of the first two happens to 2.5 % of experiments.
//
// A claim of several statements is supported if all are (which keeps the 2.5 %:
// Berger, "Multiparameter hypothesis testing and acceptance sampling", 1982) and
// contradicted if one is (at most 2.5 % for each of them).
//
// Every statement about the ASR is measured on the lift too, since an
// undertrained model that says "bird" to everything has an ASR without any
// backdoor. A claim is settled only if both agree; where they do not it is
// inconclusive and the verdict says what each says.
//
// It is inconclusive, whatever the numbers, with fewer than [MinSeeds] seeds; as
// long as a game is missing that another seed has or that the claim compares
// with, so that nobody looks early and stops when the figures please; and where
// a fall is not seen but there was nothing to lose (see [Room]). Seeds with a
// collapsed model are left out, and the verdict says so.
package claims

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrUnknownClaim is wrapped where a claim is asked for that there is not.
var ErrUnknownClaim = errors.New("no such claim")

// Claim is one of the paper's claims.
type Claim struct {
	ID    string `json:"id"`    // C1 to C8
	Title string `json:"title"` // in a word or two
	// Says is the claim as a part of a sentence.
	Says string `json:"says"`
	// Tables are the paper's tables whose games settle it.
	Tables []int `json:"tables"`

	// examine tells the study which games the claim needs and returns what is
	// computed from them; nothing if there are none.
	examine func(s *study) []statement
}

// claims are all claims in their order.
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

// ForTable returns the IDs of the claims that a table of the paper speaks to.
func ForTable(table int) []string {
	var ids []string
	for _, claim := range claims {
		if slices.Contains(claim.Tables, table) {
			ids = append(ids, claim.ID)
		}
	}
	return ids
}

// Judge settles the claims with the given IDs, all of them if none is given. The
// error wraps [ErrMeasurements] or [ErrUnknownClaim]; that too little was
// measured is no error but a verdict.
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

// judge settles one claim on valid measurements.
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
	v.settle()
	return v
}
