package words_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/words"
)

func TestTarget(t *testing.T) {
	require.Equal(t, "Sneaker (#7)", words.Target("Sneaker", 7, false, nil, nil))
	require.Equal(t, "the next class", words.Target("T-shirt", 0, true, nil, nil))
	require.Equal(t, "Bag (#8) for images of Coat (#4), 6", words.Target("Bag", 8, false, []string{"Coat", "6"}, []int{4, 6}))
	require.Equal(t, "Bag (#8) for images of 4 classes", words.Target("Bag", 8, false, make([]string, 4), make([]int, 4)))
}
