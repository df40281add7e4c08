package vote_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/defenses/vote"
)

func TestVotesAgreeWithTheReference(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json") // by scripts/reference/vote.py
	require.NoError(t, err)
	var cases []struct {
		Rankings         [][]uint16
		Majority, RunOff vote.Outcome
		Bound            int // of Rezaei et al. for the run-off
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	require.NotEmpty(t, cases)
	above := 0
	for i, c := range cases {
		require.Equal(t, c.Majority, vote.MajorityOf(tops(c.Rankings), len(c.Rankings[0])), "case %d: %v", i, c.Rankings)
		o := vote.RunOffOf(c.Rankings)
		require.Equal(t, c.RunOff, o, "case %d: %v", i, c.Rankings)
		require.GreaterOrEqual(t, o.Agents, c.Bound, "case %d: %v", i, c.Rankings)
		if o.Agents > c.Bound {
			above++
		}
	}
	require.Positive(t, above, "in some votes the same models cannot serve both rounds")
}

// tops returns the class that each model ranks first.
func tops(rankings [][]uint16) []uint16 {
	var votes []uint16
	for _, ranking := range rankings {
		votes = append(votes, ranking[0])
	}
	return votes
}

// elections draws the rankings of up to six models over up to four classes, some of them equal.
func elections(t *rapid.T) [][]uint16 {
	classes := rapid.IntRange(2, 4).Draw(t, "classes")
	largest := map[int]int{2: 7, 3: 6, 4: 4}[classes]
	all := make([]uint16, classes)
	for c := range all {
		all[c] = uint16(c)
	}
	ranking := rapid.Permutation(all)
	first := ranking.Draw(t, "first")
	return rapid.SliceOfN(rapid.OneOf(ranking, rapid.Just(first)), 1, largest).Draw(t, "rankings")
}

// anyChange reports whether changing t of the models in every possible way gives other than the answer.
func anyChange(rankings [][]uint16, t int, other func([][]uint16) bool) bool {
	var orders [][]uint16
	permute(len(rankings[0]), nil, &orders)
	var try func(changed [][]uint16, from, left int) bool
	try = func(changed [][]uint16, from, left int) bool {
		if left == 0 {
			return other(changed)
		}
		for at := from; at <= len(changed)-left; at++ {
			was := changed[at]
			for _, order := range orders {
				if changed[at] = order; try(changed, at+1, left-1) {
					return true
				}
			}
			changed[at] = was
		}
		return false
	}
	return try(slices.Clone(rankings), 0, t)
}

// permute appends all rankings of n classes that begin with some.
func permute(n int, begin []uint16, all *[][]uint16) {
	if len(begin) == n {
		*all = append(*all, slices.Clone(begin))
		return
	}
	for c := range n {
		if !slices.Contains(begin, uint16(c)) {
			permute(n, append(begin, uint16(c)), all)
		}
	}
}

func TestNoChangeBeatsACertificateAndOneMoreDoes(t *testing.T) {
	rules := map[vote.Rule]func([][]uint16) vote.Outcome{
		vote.Majority: func(rankings [][]uint16) vote.Outcome {
			return vote.MajorityOf(tops(rankings), len(rankings[0]))
		},
		vote.RunOff: vote.RunOffOf,
	}
	require.Len(t, vote.Rules(), len(rules))
	for rule, outcome := range rules {
		t.Run(string(rule), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rankings := elections(t)
				o := outcome(rankings)
				other := func(changed [][]uint16) bool { return outcome(changed).Class != o.Class }
				require.Less(t, o.Agents, len(rankings))
				const tried = 2 // more changed models take too long; the reference has them
				if o.Agents <= tried {
					require.False(t, anyChange(rankings, o.Agents, other), "%v: %d models changed %+v", rankings, o.Agents, o)
				}
				if o.Agents < tried {
					require.True(t, anyChange(rankings, o.Agents+1, other), "%v: no %d models change %+v", rankings, o.Agents+1, o)
				}
			})
		})
	}
}

func TestManyClassesWithoutVotesMakeNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rankings := elections(t)
		with := func(classes int) [][]uint16 {
			var wide [][]uint16
			for _, ranking := range rankings {
				ranking = slices.Clone(ranking)
				for c := len(ranking); c < classes; c++ {
					ranking = append(ranking, uint16(c))
				}
				wide = append(wide, ranking)
			}
			return wide
		}
		few, many := with(len(rankings[0])+2), with(300)
		require.Equal(t, vote.RunOffOf(few), vote.RunOffOf(many))
		require.Equal(t, vote.MajorityOf(tops(few), len(few[0])), vote.MajorityOf(tops(many), 300))
	})
}

func TestTiesGoToTheLowestLabel(t *testing.T) {
	require.Equal(t, vote.Outcome{Class: 1, Agents: 0}, vote.MajorityOf([]uint16{2, 1}, 3))
	require.Equal(t, vote.Outcome{Class: 1, Agents: 1}, vote.MajorityOf([]uint16{1, 1, 2, 1}, 3), "after one change it is a tie that 1 wins")
	require.Equal(t, vote.Outcome{Class: 2, Agents: 0}, vote.MajorityOf([]uint16{2, 2, 1, 2}, 3))
	require.Equal(t, vote.Outcome{Class: 0, Agents: 3}, vote.MajorityOf([]uint16{0, 0, 0}, 1), "a single class")
	require.Equal(t, vote.Outcome{Class: 0, Agents: 1}, vote.RunOffOf([][]uint16{{0}}))
}

func TestDeal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 1000), 1, 30, rapid.ID[int]).Draw(t, "IDs")
		k, seed := rapid.IntRange(0, len(ids)).Draw(t, "groups"), rapid.Uint64().Draw(t, "seed")
		s := vote.Settings{Groups: k}
		groups, err := s.Deal(ids, seed)
		require.NoError(t, err)
		if k == 0 {
			require.Len(t, groups, len(ids))
		} else {
			require.Len(t, groups, k)
		}
		var dealt []int
		for _, group := range groups {
			require.InDelta(t, float64(len(ids))/float64(len(groups)), len(group), 1-1e-9, "equal sizes")
			dealt = append(dealt, group...)
		}
		require.ElementsMatch(t, ids, dealt)

		// Which agents attack, and so stand first, makes no difference to who shares a group.
		shuffled, err := s.Deal(rapid.Permutation(ids).Draw(t, "other order"), seed)
		require.NoError(t, err)
		require.ElementsMatch(t, sortedGroups(groups), sortedGroups(shuffled))
	})
	_, err := vote.Settings{Groups: 3}.Deal([]int{1, 2}, 0)
	require.ErrorIs(t, err, vote.ErrPlan)
	_, err = vote.Settings{}.Deal(nil, 0)
	require.ErrorIs(t, err, vote.ErrPlan)
}

func sortedGroups(groups [][]int) [][]int {
	var all [][]int
	for _, group := range groups {
		all = append(all, slices.Sorted(slices.Values(group)))
	}
	return all
}
