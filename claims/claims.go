// Package claims judges the claims of the paper and of its sibling by measurements: pure functions from
// measured games to verdicts.
//
// # How a verdict is reached
//
// A claim consists of one or more statements such as "the mean ASR with CutMix is
// lower than without". For each statement one number is computed per seed, from
// games of that seed alone: games with one seed share deal and triggers, so their
// difference is paired. Attackers and games of one seed depend on each other and
// never count as repetitions. This is the analysis by summary measures of Matthews,
// Altman, Campbell and Royston, "Analysis of serial measurements in medical
// research", BMJ 300 (1990).
//
// The numbers of all seeds give a mean with its 95 % confidence interval by betting
// (package stats), which holds although an attack tends to succeed by 0 or 100 % by
// the seed, and although seeds are added after a look at the result. The interval is
// compared with a margin, the smallest effect that counts as one (see
// [EffectMargin]), not with zero: with enough seeds an effect of any size differs
// from zero, and no number of seeds shows that there is no effect (Lakens, Scheel and
// Isager, "Equivalence Testing for Psychological Research", 2018). There are four
// answers:
//
//   - supported: the interval lies beyond the margin on the claimed side;
//   - opposite: it lies beyond the margin on the other side;
//   - no effect: it lies within the margin on both sides;
//   - undecided: anything else, with the number of seeds that would settle it.
//
// A statement may stand beside the verdict: its interval is shown, and it has no part in the
// answer.
//
// Every statement about the ASR is also evaluated on the lift, since an undertrained
// model that predicts "bird" for every image has an ASR without any backdoor. A
// statement has an answer only if both give the same one. A claim of several
// statements is supported if all of them are (Berger, "Multiparameter hypothesis
// testing and acceptance sampling", 1982). It has one of the other answers if one of
// its n statements has, at an n-th of the error.
//
// The primary claims, which were chosen before anything was trained, are corrected with
// Holm's method: one of their answers or more is wrong in at most 5 % of experiments.
// [MinSeeds] is the smallest number of seeds by which any of them is settled. The answers
// on other claims are exploratory: each may be wrong in 5 % of experiments, so that some
// answer among many is likely to be, and none of them is a verdict.
//
// A second question is whether an effect is as large as the paper's, less the distance
// within which the paper's own figures repeat; see [Published]. Its answers are not
// corrected.
//
// A claim is undecided, whatever the numbers, in two more cases: while a game is
// missing that another seed has or that the claim needs for comparison, so that
// measuring cannot stop early at a convenient result; and if no change is seen but
// there was too little to lose (see [Margins]). Seeds with a collapsed model are left
// out, and the verdict lists them. A claim for which no seed has the games has no
// verdict.
package claims

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"backfire/stats"
)

// ErrUnknownClaim is wrapped for the ID of an unknown claim.
var ErrUnknownClaim = errors.New("no such claim")

// Claim is a claim of the paper, or of its sibling on the attackers' game.
type Claim struct {
	ID    string `json:"id"`    // C1 to C8, of the paper, and S1 to S9, of its sibling
	Title string `json:"title"` // a few words
	// Says is the claim as a clause.
	Says string `json:"says"`
	// Tables lists the paper's tables whose games settle the claim; the sibling's claims
	// have none.
	Tables []int `json:"tables"`

	// examine selects the games that the claim needs and returns the statements
	// to compute from them. It returns nil if there are no such games.
	examine func(s *study) []statement
}

// claims lists all claims in their order: the paper's, then its sibling's.
var claims = []Claim{
	{ID: "C1", Title: "backfiring", Says: "the other attackers spoil an attacker's success", Tables: []int{1, 3}, examine: backfiring},
	{ID: "C2", Title: "one raises p", Says: "one attacker that raises its p gains and the others lose", Tables: []int{1}, examine: oneRaises},
	{ID: "C3", Title: "mutually assured destruction", Says: "each attacker's ASR collapses when all raise p to 0.9", Tables: []int{1}, examine: allRaise},
	{ID: "C4", Title: "distinct labels", Says: "distinct target labels do not restore the single-attacker ASR", Tables: []int{2}, examine: distinctLabels},
	{ID: "C5", Title: "CutMix", Says: "CutMix lowers the ASR", Tables: []int{3}, examine: cutMix},
	{ID: "C6", Title: "agent augmentation", Says: "agent augmentation lowers the ASR further than CutMix, and evenly", Tables: []int{3}, examine: agentAugmentation},
	{ID: "C7", Title: "agent indexing", Says: "agent indexing lowers the ASR and keeps more standard accuracy than the other defenses", Tables: []int{3}, examine: agentIndexing},
	{ID: "C8", Title: "divergence", Says: "the divergence of an attacker's features explains its loss of ASR", Tables: []int{1, 2, 3}, examine: divergence},
	{ID: "S1", Title: "uniform predictions", Says: "the predictions on stamped images become uniform as the number of attackers grows", examine: uniform},
	{ID: "S2", Title: "ruined inputs", Says: "stamped images are recognised no better than by guessing, and the standard accuracy does not fall", examine: ruined},
	{ID: "S3", Title: "capacity", Says: "neither the ASR nor the interference depends on the width of the network", examine: capacity},
	{ID: "S4", Title: "one label", Says: "one label for all raises the mean ASR over distinct labels, and one label for 40 % of the attackers does not", examine: oneLabel},
	{ID: "S5", Title: "orthogonal triggers", Says: "orthogonal triggers do not raise the mean ASR", examine: orthogonal},
	{ID: "S6", Title: "escalation", Says: "one attacker that raises its p widens the spread of the ASR, all together narrow it, and the mean stays", examine: escalation},
	{ID: "S7", Title: "single-agent defenses", Says: "defenses against a single attacker raise the mean ASR at the largest number of attackers", examine: singleAgent},
	{ID: "S8", Title: "equilibrium", Says: "random triggers and a defense are an equilibrium", examine: func(*study) []statement { return nil }},
	{ID: "S9", Title: "number or share", Says: "the size of the pool does not matter at a fixed number of poisoned images", examine: fixedNumber},
}

// All returns the claims in their order.
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

// Judge judges the claims with the given IDs, or all claims if none is given. Those of
// m.Primary come first; they are corrected for as many claims as m.Primary lists. The
// others are exploratory. Judge leaves out claims for which no seed has the games. The
// error wraps [ErrMeasurements] or [ErrUnknownClaim].
func Judge(m Measurements, ids ...string) ([]Verdict, error) {
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("claims: judge: %w", err)
	}
	if len(ids) == 0 {
		for _, claim := range claims {
			ids = append(ids, claim.ID)
		}
	}
	primary, exploratory := []Verdict{}, []Verdict{}
	for _, id := range ids {
		claim, err := Find(id)
		if err != nil {
			return nil, fmt.Errorf("claims: judge %q: %w", id, err)
		}
		v, err := claim.judge(m)
		switch {
		case err != nil:
			return nil, fmt.Errorf("claims: judge %q: %w", id, err)
		case len(v.Seeds)+len(v.Excluded) == 0:
		case slices.ContainsFunc(m.Primary, func(id string) bool { return strings.EqualFold(id, v.Claim) }):
			primary = append(primary, v)
		default:
			v.Exploratory = true
			exploratory = append(exploratory, v)
		}
	}
	if err := correct(primary, len(m.Primary)); err != nil {
		return nil, fmt.Errorf("claims: judge: %w", err)
	}
	for i := range exploratory {
		if err := correct(exploratory[i:i+1], 1); err != nil {
			return nil, fmt.Errorf("claims: judge: %w", err)
		}
	}
	return append(primary, exploratory...), nil
}

// Find returns the claim with an ID, in upper or lower case. The error is ErrUnknownClaim
// with the IDs that there are.
func Find(id string) (Claim, error) {
	i := slices.IndexFunc(claims, func(c Claim) bool { return strings.EqualFold(c.ID, id) })
	if i < 0 {
		return Claim{}, fmt.Errorf("%w: there are C1 to C8 and S1 to S9", ErrUnknownClaim)
	}
	return claims[i], nil
}

// judge computes the claim's statistics from valid measurements. The verdict is not
// decided yet.
func (c Claim) judge(m Measurements) (Verdict, error) {
	s := newStudy(m)
	statements := c.examine(s)
	v := Verdict{
		attackers: s.attackers(),
		Claim:     c.ID, Title: c.Title, Says: c.Says, Reading: m.Reading,
		Seeds: s.complete(), Models: s.models(), Statistics: []Statistic{},
	}
	paper := c.paperValues(m, s.numbers(statements))
	for i, statement := range statements {
		for _, measure := range statement.measures {
			result := s.measure(statement, measure)
			result.Statement = i
			if value, ok := paper[result.Name]; ok {
				result.Paper, result.Repeats = stats.Number(value), m.Paper.Repeats
			}
			if result.Beside && len(result.PerSeed) == 0 {
				continue
			}
			if err := result.judge(); err != nil {
				return Verdict{}, err
			}
			v.Statistics = append(v.Statistics, result)
		}
	}
	v.Missing, v.Excluded = s.missing.texts(len(s.seeds)), s.excluded.texts(len(s.seeds))
	return v, nil
}
