package cell

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFieldCompare(t *testing.T) {
	for _, tc := range []struct {
		value, other string
		order        int
		numbers      bool
	}{
		{"0.0005", "5e-4", 0, true},
		{"1", "1.0", 0, true},
		{"18446744073709551615", "18446744073709551614", 1, true},
		{"-0.5", "0", -1, true},
		{"mnist", "1", 0, false},
		{"1", "mnist", 0, false},
		{"1/2", "1/2", 0, false},
		{"true", "true", 0, false},
	} {
		order, numbers := Field{Value: tc.value}.Compare(tc.other)
		require.Equal(t, tc.numbers, numbers, "%s and %s", tc.value, tc.other)
		require.Equal(t, tc.order, order, "%s and %s", tc.value, tc.other)
	}
}
