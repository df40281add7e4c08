package cell_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/internal/enginetest"
)

// slicedCell returns the example of 50 epochs with attackers 3 and 4, which enter in two slices.
func slicedCell(excluded ...int) cell.Cell {
	c := enginetest.ExampleCell()
	c.Defense = &cell.Defense{Excluded: append([]int{}, excluded...), Slices: []cell.Slice{{Enter: []int{3}, Epochs: 20}, {Enter: []int{4}, Epochs: 30}}}
	return c
}

func TestSegments(t *testing.T) {
	for name, tc := range map[string]struct {
		cell cell.Cell
		want []cell.Segment
	}{
		"without a defense": {enginetest.ExampleCell(), []cell.Segment{{End: 50, Agents: []int{0, 1}}}},
		"without one agent": {enginetest.DefendedCell(), []cell.Segment{{End: 50, Agents: []int{0}}}},
		"in slices":         {slicedCell(), []cell.Segment{{End: 20, Agents: []int{0}}, {First: 20, End: 50, Agents: []int{0, 1}}}},
		"the first is out":  {slicedCell(3), []cell.Segment{{End: 20, Agents: []int{}}, {First: 20, End: 50, Agents: []int{1}}}},
		"the last is out":   {slicedCell(4), []cell.Segment{{End: 20, Agents: []int{0}}, {First: 20, End: 50, Agents: []int{0}}}},
	} {
		segments, err := tc.cell.Segments()
		require.NoError(t, err, name)
		require.Equal(t, tc.want, segments, name)
	}
}

func TestSegmentsRefuse(t *testing.T) {
	stranger, longer, fewer := slicedCell(9), slicedCell(), slicedCell()
	longer.Training.Epochs++
	fewer.Defense.Slices[1].Enter = []int{}
	for name, c := range map[string]cell.Cell{"an attacker that does not play": stranger, "other epochs": longer, "an attacker that never enters": fewer} {
		_, err := c.Segments()
		require.ErrorIs(t, err, cell.ErrPlan, name)
	}
}

// A training without an attacker starts where the attacker would enter, from the state of the training without
// exclusions.
func TestSharedStates(t *testing.T) {
	all, withoutFirst, withoutLast := slicedCell(), slicedCell(3), slicedCell(4)
	base, ok := withoutLast.Base()
	require.True(t, ok)
	require.Equal(t, all, base)
	require.Equal(t, 1, withoutLast.SharedSegments())
	require.Equal(t, all.Prefix(1), withoutLast.Prefix(1))
	want, err := all.Prefix(1).Hash()
	require.NoError(t, err)
	from, err := withoutLast.GoesOnFrom()
	require.NoError(t, err)
	require.Equal(t, []string{want}, from)
	require.True(t, all.SavesState(1))
	require.False(t, all.SavesState(2), "its end is the result")
	require.Len(t, withoutLast.Defense.Slices, 2, "Base and Prefix change nothing")

	for _, c := range []cell.Cell{all, withoutFirst, enginetest.ExampleCell()} {
		_, ok := c.Base()
		require.False(t, ok)
		from, err := c.GoesOnFrom()
		require.NoError(t, err)
		require.Empty(t, from)
	}
}

// An attribution starts from the end of the training of the same model.
func TestAttributionStartsFromItsModel(t *testing.T) {
	c := enginetest.ExampleCell()
	c.Attribution = &cell.Attribution{Batch: 2, Unlearning: indexing.Unlearning{Steps: 3}}
	base, ok := c.Base()
	require.True(t, ok)
	require.Equal(t, enginetest.ExampleCell(), base)
	require.Equal(t, base, c.WithoutAttribution())
	hash, err := base.Hash()
	require.NoError(t, err)
	from, err := c.GoesOnFrom()
	require.NoError(t, err)
	require.Equal(t, []string{hash}, from)
	require.Zero(t, c.TrainedImages())
	require.EqualValues(t, 2*3*32, c.UnlearnedImages())
}
