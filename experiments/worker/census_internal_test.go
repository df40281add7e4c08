package worker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets/census"
	"backfire/datasets/testset"
)

func TestCensusOfSets(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	made := *set
	require.Nil(t, censusOf(&made), "it was made without files")
	made.Census = census.Census{Seen: 3, Read: 2}
	require.Equal(t, &census.Census{Seen: 3, Read: 2, LeftOut: []census.LeftOut{}, Splits: []census.SplitCount{}}, censusOf(&made))
}
