package game_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/datasets"
	"backfire/game"
)

// repeatedSet returns images of one pixel with the given values and labels.
func repeatedSet(t require.TestingT, pixels []uint8, labels []uint16) *datasets.Set {
	set, err := datasets.New("test", pixels, labels, 1, 1, 1, []string{"a", "b"})
	require.NoError(t, err)
	return set
}

func TestRepeats(t *testing.T) {
	set := repeatedSet(t, []uint8{1, 1, 2, 2, 3, 3, 3, 4}, []uint16{0, 1, 0, 0, 1, 1, 0, 1})
	own := func(owner int, contributed, heldOut []int) game.Share {
		return game.Share{Owner: owner, Contributed: contributed, HeldOut: heldOut}
	}
	for name, c := range map[string]struct {
		deal game.Deal
		want game.Repeats
	}{
		"none": {game.Deal{
			Defender:  own(game.Defender, []int{0}, []int{7}),
			Attackers: []game.Share{own(0, []int{2}, []int{4})},
		}, game.Repeats{}},
		"one owner contributes both": {game.Deal{
			Defender:  own(game.Defender, []int{0, 1}, []int{7}),
			Attackers: []game.Share{own(0, []int{2, 3}, []int{4})},
		}, game.Repeats{}},
		"two owners, two labels": {game.Deal{
			Defender:  own(game.Defender, []int{0}, []int{7}),
			Attackers: []game.Share{own(0, []int{1}, []int{4})},
		}, game.Repeats{Contributed: 2, OtherLabel: 2}},
		"two owners, one label": {game.Deal{
			Attackers: []game.Share{own(0, []int{2}, nil)},
			Honest:    []game.Share{own(1, []int{3}, nil)},
		}, game.Repeats{Contributed: 2}},
		"three owners, of whom two have one label": {game.Deal{
			Defender:  own(game.Defender, []int{4}, nil),
			Attackers: []game.Share{own(0, []int{5}, nil), own(1, []int{6}, nil)},
		}, game.Repeats{Contributed: 3, OtherLabel: 3}},
		"another label of one's own": {game.Deal{
			Defender:  own(game.Defender, []int{4, 6}, nil),
			Attackers: []game.Share{own(0, []int{5}, nil)},
		}, game.Repeats{Contributed: 3, OtherLabel: 2}},
		"held out from one's own contribution": {game.Deal{
			Attackers: []game.Share{own(0, []int{0}, []int{1})},
		}, game.Repeats{HeldOut: 1}},
		"held out from the contribution of others": {game.Deal{
			Defender:  own(game.Defender, nil, []int{1, 4, 7}),
			Attackers: []game.Share{own(0, []int{0, 2}, []int{3})},
			Honest:    []game.Share{own(1, []int{5}, nil)},
		}, game.Repeats{HeldOut: 3, HeldOutElsewhere: 2}},
		"two held-out images": {game.Deal{
			Defender:  own(game.Defender, nil, []int{0}),
			Attackers: []game.Share{own(0, nil, []int{1})},
		}, game.Repeats{}},
	} {
		require.Equal(t, c.want, c.deal.Repeats(set), name)
	}
}

// The counts of a dealt game equal those of a comparison of all pairs.
func TestRepeatsCompareAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 60
		pixels := rapid.SliceOfN(rapid.ByteRange(0, 99), n, n).Draw(t, "pixels")
		labels := rapid.Permutation(evenLabels(n, 2)).Draw(t, "labels")
		set := repeatedSet(t, pixels, labels)
		rules := paperRules(rapid.IntRange(1, 3).Draw(t, "attackers"))
		rules.PoolSize, rules.Seed = rapid.IntRange(40, n).Draw(t, "pool"), rapid.Uint64().Draw(t, "seed")
		for i := range rules.Attackers {
			rules.Attackers[i].Target, rules.Attackers[i].PoisonRate = 0, 0
		}
		deal, err := rules.Deal(set)
		require.NoError(t, err)
		var want game.Repeats
		for _, share := range shares(deal) {
			// equals returns the numbers of the images that an owner contributes with the
			// pixels of an image, of others' and of those with another label.
			equals := func(image int) (all, others, otherLabel int) {
				for _, by := range shares(deal) {
					for _, other := range by.Contributed {
						switch {
						case other == image || pixels[other] != pixels[image]:
						case by.Owner == share.Owner:
							all++
						default:
							all++
							others++
							if labels[other] != labels[image] {
								otherLabel++
							}
						}
					}
				}
				return all, others, otherLabel
			}
			for _, image := range share.Contributed {
				_, others, otherLabel := equals(image)
				want.Contributed += min(others, 1)
				want.OtherLabel += min(otherLabel, 1)
			}
			for _, image := range share.HeldOut {
				all, others, _ := equals(image)
				want.HeldOut += min(all, 1)
				want.HeldOutElsewhere += min(others, 1)
			}
		}
		require.Equal(t, want, deal.Repeats(set))
	})
}

func TestRepeatsInWords(t *testing.T) {
	require.Empty(t, game.Repeats{}.Line())
	most := game.Repeats{Contributed: 4, OtherLabel: 1}.Most(game.Repeats{Contributed: 2, HeldOut: 3, HeldOutElsewhere: 2})
	require.Equal(t, "4 contributed images have the pixels of one that another owner contributes (1 under another label); "+
		"3 held-out images have the pixels of a contributed one (2 of another owner's)", most.Line())
}
