package config

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		key  string
		raw  any
		want any
	}{
		{"seed", "18446744073709551615", uint64(math.MaxUint64)},
		{"seed", 7, uint64(7)},
		{"train.epochs", 5.0, 5},
		{"attackers.p", 0.25, 0.25},
		{"attackers.p", 1, 1.0},
		{"attackers.p", " 1e-3 ", 0.001},
		{"attackers.p0", nil, nil},
		{"attackers.p0", "", nil},
		{"attackers.p0", "0", 0.0},
		{"asr.exclude_target_class", "false", false},
		{"attackers.label", 2, "2"},
		{"attackers.label", "bird", "bird"},
		{"attackers.counts", []any{1, 2}, []int{1, 2}},
		{"attackers.counts", "1, 2", []int{1, 2}},
		{"attackers.counts", "[1,2]", []int{1, 2}},
		{"attackers.counts", 3, []int{3}},
		{"attackers.rates", "", []float64{}},
		{"attackers.targets", []any{1, "T-shirt/top"}, []string{"1", "T-shirt/top"}},
		{"device", "cuda:12", "cuda:12"},
		{"data.path", "", ""},
	} {
		key, ok := lookup(tc.key)
		require.True(t, ok, tc.key)
		value, err := key.parse(tc.raw)
		require.NoError(t, err, "%s = %v", tc.key, tc.raw)
		require.Equal(t, tc.want, value, "%s = %v", tc.key, tc.raw)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct {
		key    string
		raw    any
		reason string
	}{
		{"seed", -1, "must be a whole number"},
		{"seed", "18446744073709551616", "must be a whole number"},
		{"train.epochs", "ten", "must be a whole number, at least 1"},
		{"train.epochs", 2.5, "must be a whole number, at least 1"},
		{"train.epochs", 0, "must be a whole number, at least 1"},
		{"train.epochs", nil, "has no value; it must be a whole number, at least 1"},
		{"train.epochs", "", "must be a whole number, at least 1"},
		{"attackers.p", 1.5, "must be a number from 0 to 1"},
		{"attackers.p", "NaN", "must be a number from 0 to 1"},
		{"attackers.p", true, "must be a number from 0 to 1"},
		{"attackers.p", []any{0.1, 0.2}, "is a list; it must be a number from 0 to 1"},
		{"attackers.p", map[string]any{"a": 1}, "is not a single value; it must be a number from 0 to 1"},
		{"train.lr", "Inf", "must be a number, above 0"},
		{"asr.exclude_target_class", "maybe", "must be true or false"},
		{"attackers.counts", "1,x", "must be a list of whole numbers, each at least 1"},
		{"attackers.counts", []any{1, 0}, "must be a list of whole numbers, each at least 1"},
		{"attackers.counts", []any{1, []any{2}}, "is a list within a list; it must be a list of whole numbers, each at least 1"},
		{"attackers.counts", []any{1, nil}, "has an empty element; it must be a list of whole numbers, each at least 1"},
		{"attackers.targets", "1,,2", "has an empty element; it must be a list of texts"},
		{"attackers.rates", "0.1,,0.2", "has an empty element; it must be a list of numbers, each from 0 to 1"},
		{"device", "gpu", "must be one of auto, cpu, cuda, cuda:K"},
		{"device", "cuda:", "must be one of auto, cpu, cuda, cuda:K"},
		{"device", "cuda:-1", "must be one of auto, cpu, cuda, cuda:K"},
		{"device", "cuda:01", "must be one of auto, cpu, cuda, cuda:K"},
		{"train.optimizer", "SGD", "must be one of sgd, adam, adamw"},
	} {
		key, ok := lookup(tc.key)
		require.True(t, ok, tc.key)
		_, err := key.parse(tc.raw)
		require.EqualError(t, err, tc.reason, "%s = %v", tc.key, tc.raw)
	}
}

// A value that Format writes is the value that parse reads back.
func TestFormatIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for name, value := range map[string]any{
			"attackers.p":       rapid.Float64Range(0, 1).Draw(t, "p"),
			"attackers.counts":  rapid.SliceOfN(rapid.IntRange(1, 1e6), 0, 5).Draw(t, "counts"),
			"attackers.rates":   rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 5).Draw(t, "rates"),
			"attackers.targets": rapid.SliceOfN(rapid.StringMatching(`[a-z][a-z /-]{0,8}[a-z]`), 0, 5).Draw(t, "targets"),
			"seed":              rapid.Uint64().Draw(t, "seed"),
		} {
			key, ok := lookup(name)
			require.True(t, ok, name)
			back, err := key.parse(Format(value))
			require.NoError(t, err)
			require.EqualValues(t, value, back, name)
		}
	})
}
