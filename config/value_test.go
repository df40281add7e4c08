package config

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// text returns a value as the command line gives it.
func text(text string) written { return written{text: text} }

// list returns a value as a list of a YAML file.
func list(elements ...string) written { return written{list: elements, divided: true} }

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		key  string
		raw  written
		want any
	}{
		{"seed", text("18446744073709551615"), uint64(math.MaxUint64)},
		{"seed", text("010"), uint64(10)},
		{"train.epochs", text("5.0"), 5},
		{"attackers.singles", text("-1"), -1},
		{"attackers.p", text("0.25"), 0.25},
		{"attackers.p", text("1"), 1.0},
		{"attackers.p", text(" 1e-3 "), 0.001},
		{"attackers.p0", written{missing: true}, nil},
		{"attackers.p0", text(""), nil},
		{"attackers.p0", text("~"), nil},
		{"attackers.p0", text("null"), nil},
		{"attackers.p0", text("0"), 0.0},
		{"asr.exclude_target_class", text("false"), false},
		{"asr.exclude_target_class", text("False"), false},
		{"attackers.label", text("2.0"), "2.0"},
		{"attackers.label", text("00014"), "00014"},
		{"attackers.label", text("~"), "~"},
		{"attackers.label", text("null"), "null"},
		{"attackers.label", text(" T-shirt/top\r"), "T-shirt/top"},
		{"attackers.counts", list("1", "2"), []int{1, 2}},
		{"attackers.counts", text("1, 2"), []int{1, 2}},
		{"attackers.counts", text("[1,2]"), []int{1, 2}},
		{"attackers.counts", text("3"), []int{3}},
		{"attackers.rates", text(""), []float64{}},
		{"attackers.rates", list(), []float64{}},
		{"attackers.targets", list("1", "T-shirt/top", "a,b", `"q"`), []string{"1", "T-shirt/top", "a,b", `"q"`}},
		{"attackers.targets", text(`"a,b", c,"say ""x"""`), []string{"a,b", "c", `say "x"`}},
		{"device", text("cuda:12"), "cuda:12"},
		{"device", text("cuda:0,12,1"), "cuda:0,12,1"},
		{"device", text("all"), "all"},
		{"data.path", text(""), ""},
		{"data.path", text("~/data"), "~/data"},
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
		raw    written
		reason string
	}{
		{"seed", text("-1"), "must be a whole number"},
		{"seed", text("18446744073709551616"), "must be a whole number"},
		{"train.epochs", text("ten"), "must be a whole number, at least 1"},
		{"train.epochs", text("2.5"), "must be a whole number, at least 1"},
		{"train.epochs", text("0"), "must be a whole number, at least 1"},
		{"train.epochs", written{missing: true, remark: " (x)"}, "has no value (x); it must be a whole number, at least 1"},
		{"train.epochs", text(""), "must be a whole number, at least 1"},
		{"train.epochs", text("null"), "must be a whole number, at least 1"},
		{"attackers.p", text("1.5"), "must be a number from 0 to 1"},
		{"attackers.p", text("NaN"), "must be a number from 0 to 1"},
		{"attackers.p", text("true"), "must be a number from 0 to 1"},
		{"attackers.p", list("0.1", "0.2"), "is a list; it must be a number from 0 to 1"},
		{"train.lr", text("Inf"), "must be a number, above 0"},
		{"train.lr", text(".inf"), "must be a number, above 0"},
		{"asr.exclude_target_class", text("maybe"), "must be true or false"},
		{"asr.exclude_target_class", text("no"), "must be true or false"},
		{"attackers.counts", text("1,x"), "must be a list of whole numbers, each at least 1"},
		{"attackers.counts", list("1", "0"), "must be a list of whole numbers, each at least 1"},
		{"attackers.counts", list("1", ""), "has an empty element; it must be a list of whole numbers, each at least 1"},
		{"attackers.counts", text("[1,2"), "must be a list of whole numbers, each at least 1"},
		{"attackers.targets", text("1,,2"), "has an empty element; it must be a list of texts"},
		{"attackers.targets", text(`"a`), "has a quotation mark that is not closed; it must be a list of texts"},
		{"attackers.targets", text(`"a"b,c`), "has text between a closing quotation mark and the next comma; it must be a list of texts"},
		{"attackers.rates", text("0.1,,0.2"), "has an empty element; it must be a list of numbers, each from 0 to 1"},
		{"data.path", text("~"), "names no file; for a file of that name, write ./~"},
		{"store", text("null"), "names no file; for a file of that name, write ./null"},
		{"trigger.files", text("a.png,~me/b.png"), "begins with ~; only ~/ stands for a directory, the home directory; for a file of that name, write ./~me/b.png"},
		{"device", text("gpu"), "must be one of auto, cpu, cuda, cuda:K, cuda:K,K, all"},
		{"device", text("cuda:"), "must be one of auto, cpu, cuda, cuda:K, cuda:K,K, all"},
		{"device", text("cuda:-1"), "must be one of auto, cpu, cuda, cuda:K, cuda:K,K, all"},
		{"device", text("cuda:0,"), "must be one of auto, cpu, cuda, cuda:K, cuda:K,K, all"},
		{"device", text("cuda:1,1"), "must be one of auto, cpu, cuda, cuda:K, cuda:K,K, all"},
		{"device", text("cuda:0,cuda:1"), "must be one of auto, cpu, cuda, cuda:K, cuda:K,K, all"},
		{"device", text("cuda:01"), "must be one of auto, cpu, cuda, cuda:K, cuda:K,K, all"},
		{"train.optimizer", text("SGD"), "must be one of sgd, adam, adamw"},
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
			"attackers.targets": rapid.SliceOfN(rapid.StringMatching(`[a-z,"\[][a-z ,"/\]-]{0,8}[a-z,"\]]`), 0, 5).Draw(t, "targets"),
			"seed":              rapid.Uint64().Draw(t, "seed"),
		} {
			key, ok := lookup(name)
			require.True(t, ok, name)
			back, err := key.parse(text(Format(value)))
			require.NoError(t, err)
			require.EqualValues(t, value, back, name)
		}
	})
}
