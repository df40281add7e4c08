package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// The values of a sweep are texts, as those of a configuration file are.
func TestSweepValuesAreTexts(t *testing.T) {
	for text, want := range map[string][]string{
		"list:\n  - {attackers.label: 00010}\n  - {attackers.label: '00010'}": {"00010"}, // equal points are made once
		"grid:\n  attackers.label: [00001, 00010, 2.0, True, ~, no, 1e3]":     {"00001", "00010", "2.0", "True", "~", "no", "1e3"},
		"base: {attackers.label: 007}":                                        {"007"},
		"preset: quick\npresets: {quick: {attackers.label: 007}}":             {"007"},
		"x-labels: &labels [007, 010]\ngrid: {attackers.label: *labels}":      {"007", "010"},
		"x-l: &l {attackers.label: 007}\nlist: [{<<: *l, name: a}, *l]":       {"007", "007"},
		"x-l: &l {attackers: {label: 007}}\nbase: *l":                         {"007"},
		"base: &b\n  attackers.label: 007\npresets:\n  quick:\n    <<: *b":    {"007"},
		"x-all: &all\n  base: {attackers.label: 007}\n<<: *all":               {"007"},
	} {
		sweep, err := load(t, "---\r\nname: 010\n"+text+"\n...\n---\n", config.Options{}, 0)
		require.NoError(t, err, text)
		require.Equal(t, "010", sweep.Name)
		var labels []string
		for _, point := range sweep.Points {
			labels = append(labels, point.Config.Attackers.Label)
		}
		require.Equal(t, want, labels, text)
	}
}

func TestSweepSeedsAreNumbers(t *testing.T) {
	for seeds, want := range map[string][]uint64{
		"'3'": {1, 2, 3}, "003": {1, 2, 3}, "3.0": {1, 2, 3}, "[010, 8]": {10, 8}, "['1', 1e3, 0x10]": {1, 1000, 16}, "[18446744073709551615]": {1<<64 - 1},
	} {
		sweep, err := load(t, "name: s\nseeds: "+seeds, config.Options{}, 0)
		require.NoError(t, err, seeds)
		var got []uint64
		for _, point := range sweep.Points {
			got = append(got, point.Config.Seed)
		}
		require.Equal(t, want, got, seeds)
	}
	for _, seeds := range []string{"[1, 01]", "[8, 0o10]", "[1, -1]", "[1, ~]", "[1, 1:30]", "1:30", "~", "", "[]", "-0", "0x", "{a: 1}", "[[1]]", "!x 3"} {
		_, err := load(t, "name: s\nseeds: "+seeds, config.Options{}, 0)
		require.ErrorContains(t, err, "must be the number of seeds, at least 1, or a list of different seeds", seeds)
		require.ErrorIs(t, err, config.ErrInvalid)
	}
}

func TestSweepFilesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"name: s\npresets:\n  quick: {seed: 1}\n  quick: {seed: 2}":    ":4): was already given",
		"name: s\nbase: &b\n  seed: 1\ngrid:\n  <<: *b":                "config: seed = 1 (",
		"name: s\ngrid: {attackers.counts: [[1, [2]]]}":                ":2, value 1): is a list within a list",
		"name: s\ngrid: {attackers.p: [0.1, {a: 1}]}":                  ":2, value 2): is not a single value",
		"name: s\ngrid: {attackers.p: '0.2,0.3'}":                      "config: attackers.p = 0.2,0.3 (",
		"name: s\nlist:\n- &a {<<: *a}":                                ":3: merges itself (<<)",
		"name: s\nx-a: 1\nbase: {x-b: 1}":                              "config: x-b (",
		"name: s\nbase:\n  attackers.label: #3":                        "has no value (what follows # is a comment",
		"---\n---\n# nothing":                                          "is empty; a sweep has name, title",
		"name: s\ntitle: ~":                                            "config: title (",
		"name: s\n---\nname: t":                                        ":3: holds more than one YAML document; the first begins at line 1",
		"name: s\nbase: {attackers.targets: 'a,\"b'}":                  "has a quotation mark that is not closed",
		"name: s\nlist: [{attackers.label: a, attackers: {label: b}}]": "config: attackers.label (",
	} {
		_, err := load(t, text, config.Options{}, 0)
		require.ErrorContains(t, err, want, text)
		require.ErrorIs(t, err, config.ErrInvalid, text)
	}
}
