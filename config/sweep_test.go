package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/config"
)

// load returns the sweep of a file with the given text.
func load(t *testing.T, text string, opts config.Options, seeds int) (*config.Sweep, error) {
	t.Helper()
	return config.LoadSweep(writeFile(t, text), opts, seeds)
}

// lines returns a line for each point: its name, its seed and some keys.
func lines(sweep *config.Sweep) []string {
	var all []string
	for _, p := range sweep.Points {
		a := p.Config.Attackers
		all = append(all, fmt.Sprintf("%d %s | N %s p %s pool %d", p.Config.Seed, p.Name, config.Format(a.Counts), config.Format(a.P), p.Config.Pool.Size))
	}
	return all
}

func TestSweepOrder(t *testing.T) {
	sweep, err := load(t, `
name: mine
title: A try
preset: quick
base: {pool.size: 400}
list:
  - {name: few, attackers: {counts: [2]}}
  - attackers.counts: [5, 6]
    pool: {size: 800}
grid:
  attackers.p: [0.1, 0.2]
  train.epochs: [1, 2]
seeds: [7, 3]
`, config.Options{}, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"mine", "A try", "quick"}, []string{sweep.Name, sweep.Title, sweep.Preset})
	require.Equal(t, []string{
		"7 few, attackers.p = 0.1, train.epochs = 1 | N 2 p 0.1 pool 400",
		"7 few, attackers.p = 0.1, train.epochs = 2 | N 2 p 0.1 pool 400",
		"7 few, attackers.p = 0.2, train.epochs = 1 | N 2 p 0.2 pool 400",
		"7 few, attackers.p = 0.2, train.epochs = 2 | N 2 p 0.2 pool 400",
		"7 attackers.counts = 5,6, pool.size = 800, attackers.p = 0.1, train.epochs = 1 | N 5,6 p 0.1 pool 800",
		"7 attackers.counts = 5,6, pool.size = 800, attackers.p = 0.1, train.epochs = 2 | N 5,6 p 0.1 pool 800",
		"7 attackers.counts = 5,6, pool.size = 800, attackers.p = 0.2, train.epochs = 1 | N 5,6 p 0.2 pool 800",
		"7 attackers.counts = 5,6, pool.size = 800, attackers.p = 0.2, train.epochs = 2 | N 5,6 p 0.2 pool 800",
	}, lines(sweep)[:8])
	require.Len(t, sweep.Points, 16)
	require.Equal(t, uint64(3), sweep.Points[8].Config.Seed)
	require.Equal(t, map[string]string{
		"attackers.counts": "2", "pool.size": "400", "attackers.p": "0.1", "train.epochs": "1",
	}, sweep.Points[0].Keys, "with the common value of what only others set")

	first := sweep.Points[0].Sources
	require.Equal(t, sweep.Source, first["attackers.p"])
	require.Equal(t, sweep.Source, first["pool.size"])
	require.Equal(t, sweep.Source, first["seed"])
	require.Equal(t, "preset quick", first["model.width"])
	require.Equal(t, "default", first["train.batch"])
}

// Each source overrides all earlier ones. All of them set the same key here.
func TestSweepPrecedence(t *testing.T) {
	text := func(point string) string {
		return "name: s\npreset: paper\nbase: {train.epochs: 11}\npresets: {quick: {train.epochs: 12}}\n" + point
	}
	opts := config.Options{}
	for _, step := range []struct {
		add    func()
		want   int
		source string
	}{
		{func() {}, 11, "file"},
		{func() { opts.Preset = "workstation" }, 11, "file"},
		{func() { opts.Preset = "quick" }, 12, "file"},
		{func() { opts.File = writeFile(t, "train.epochs: 13") }, 13, "file"},
		{func() { opts.Environ = []string{"BACKFIRE_TRAIN_EPOCHS=14"} }, 14, "env BACKFIRE_TRAIN_EPOCHS"},
		{func() { opts.Sets = []string{"train.epochs=15"} }, 15, "--set"},
		{func() { opts.Flags = map[string]string{"train.epochs": "16"} }, 16, "flag --epochs"},
	} {
		step.add()
		sweep, err := load(t, text(""), opts, 0)
		require.NoError(t, err)
		require.Len(t, sweep.Points, 1)
		require.Equal(t, step.want, sweep.Points[0].Config.Train.Epochs)
		require.True(t, strings.HasPrefix(sweep.Points[0].Sources["train.epochs"], step.source))
		require.Equal(t, "s", sweep.Points[0].Name)
	}
	// The points override a configuration file, which may set every key.
	sweep, err := load(t, "name: s\ngrid: {train.epochs: [17]}", config.Options{File: opts.File}, 0)
	require.NoError(t, err)
	require.Equal(t, 17, sweep.Points[0].Config.Train.Epochs)
	require.Empty(t, sweep.Preset)
}

func TestSweepSeeds(t *testing.T) {
	seedsOf := func(text string, opts config.Options, seeds int) []uint64 {
		sweep, err := load(t, "name: s\n"+text, opts, seeds)
		require.NoError(t, err)
		var all []uint64
		for _, p := range sweep.Points {
			all = append(all, p.Config.Seed)
		}
		return all
	}
	require.Equal(t, []uint64{1}, seedsOf("", config.Options{}, 0))
	require.Equal(t, []uint64{1, 2, 3}, seedsOf("seeds: 3", config.Options{}, 0))
	require.Equal(t, []uint64{1, 2}, seedsOf("seeds: 3", config.Options{}, 2))
	require.Equal(t, []uint64{9, 10}, seedsOf("seeds: 2", config.Options{Flags: map[string]string{"seed": "9"}}, 0))
	require.Equal(t, []uint64{5, 4}, seedsOf("seeds: [5, 4]", config.Options{}, 0))
	require.Equal(t, []uint64{9, 10}, seedsOf("seeds: [5, 4]", config.Options{Sets: []string{"seed=9"}}, 2))
	require.Equal(t, []uint64{6, 8}, seedsOf("grid: {seed: [6, 8]}", config.Options{}, 0))
	require.Equal(t, []uint64{18446744073709551614, 18446744073709551615}, seedsOf("seeds: 2\nbase: {seed: 18446744073709551614}", config.Options{}, 0))
}

// Equal points are made once. Those with names of their own are all kept, since each
// name has a line in the results.
func TestSweepDuplicates(t *testing.T) {
	sweep, err := load(t, "name: s\ngrid: {attackers.p: [0.2, 0.3, 0.20]}\nlist: [{}, {attackers.counts: [1, 2, 3, 4, 5]}]", config.Options{}, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"1 attackers.p = 0.2 | N 1,2,3,4,5 p 0.2 pool 0", "1 attackers.p = 0.3 | N 1,2,3,4,5 p 0.3 pool 0"}, lines(sweep))

	sweep, err = load(t, "name: s\nlist: [{name: a}, {name: b}, {name: a}]", config.Options{}, 0)
	require.NoError(t, err)
	require.Len(t, sweep.Points, 2)
}

// Triggers are verified in each point's configuration with the settings below
// verify; without any, in the point's own.
func TestSweepVerify(t *testing.T) {
	const points = "name: s\nbase: {trigger.min_single_asr: 0.8, attackers.p0: 0.3}\ngrid: {attackers.p: [0.2, 0.9]}\nlist: [{}, {attackers.rates: [0.4]}]\n"
	sweep, err := load(t, points+"verify: {attackers: {p: 0.2, rates: [], p0: null}, pool.size: 500}", config.Options{}, 2)
	require.NoError(t, err)
	require.Len(t, sweep.Points, 8)
	for _, p := range sweep.Points {
		want := p.Config
		want.Attackers.P, want.Attackers.P0, want.Attackers.Rates, want.Pool.Size = 0.2, nil, []float64{}, 500
		require.Equal(t, &want, p.Verify, "%s, seed %d", p.Name, p.Config.Seed)
		require.Zero(t, p.Config.Pool.Size)
	}
	require.Equal(t, 0.9, sweep.Points[1].Config.Attackers.P)
	require.Equal(t, []float64{0.4}, sweep.Points[2].Config.Attackers.Rates)

	sweep, err = load(t, points, config.Options{}, 0)
	require.NoError(t, err)
	for _, p := range sweep.Points {
		require.Nil(t, p.Verify)
	}
}

func TestSweepUnsets(t *testing.T) {
	sweep, err := load(t, "name: s\nbase: {attackers.p0: 0.1}\nlist: [{}, {attackers.p0: null}, {attackers.p0: 0.5}]", config.Options{}, 0)
	require.NoError(t, err)
	require.Equal(t, 0.1, *sweep.Points[0].Config.Attackers.P0)
	require.Nil(t, sweep.Points[1].Config.Attackers.P0)
	require.Equal(t, 0.5, *sweep.Points[2].Config.Attackers.P0)
	require.Equal(t, []string{"0.1", "", "0.5"}, []string{sweep.Points[0].Keys["attackers.p0"], sweep.Points[1].Keys["attackers.p0"], sweep.Points[2].Keys["attackers.p0"]})
}

// The number of points is the product of the numbers of distinct values, and every
// point equals the configuration that Load resolves from its keys.
func TestSweepIsLoadOfItsKeys(t *testing.T) {
	file := writeFile(t, "")
	rapid.Check(t, func(rt *rapid.T) {
		ps := rapid.SliceOfNDistinct(rapid.Float64Range(0, 1), 1, 4, rapid.ID[float64]).Draw(rt, "p")
		pools := rapid.SliceOfNDistinct(rapid.IntRange(0, 1000), 1, 3, rapid.ID[int]).Draw(rt, "pools")
		seeds := rapid.IntRange(1, 3).Draw(rt, "seeds")
		text := fmt.Sprintf("name: s\nbase: {train.epochs: 3}\ngrid: {attackers.p: [%s], pool.size: [%s]}\n", config.Format(ps), config.Format(pools))
		require.NoError(rt, os.WriteFile(file, []byte(text), 0o600))
		sweep, err := config.LoadSweep(file, config.Options{Preset: "quick"}, seeds)
		require.NoError(rt, err)
		require.Len(rt, sweep.Points, len(ps)*len(pools)*seeds)
		for _, point := range sweep.Points {
			sets := []string{"train.epochs=3", "seed=" + config.Format(point.Config.Seed)}
			for key, value := range point.Keys {
				sets = append(sets, key+"="+value)
			}
			resolved, err := config.Load(config.Options{Preset: "quick", Sets: sets})
			require.NoError(rt, err)
			require.Equal(rt, resolved.Config, point.Config)
		}
	})
}

// refusedSweeps are the texts of sweep files that LoadSweep refuses, each with the beginning of the error.
var refusedSweeps = []struct{ name, text, want string }{
	{"empty", "", "config: file FILE: is empty; a sweep has name, title, preset, base, presets, list, grid, verify, primary, seeds"},
	{"not YAML", "name: [", "config: file FILE: yaml: line"},
	{"two documents", "name: s\n---\nname: t", "config: file FILE:3: holds more than one YAML document; the first begins at line 1"},
	{"a list", "- name: s", "config: file FILE:1: is not a sweep; a sweep has name"},
	{"no name", "grid: {attackers.p: [0.1]}", "config: name (file FILE): must name the sweep"},
	{"a name of nothing", "name:", "config: name (file FILE:1): must be a text"},
	{"unknown field", "name: s\ngird: {}", "config: gird (file FILE:2): is not a key of a sweep; the nearest one is grid"},
	{"field twice", "name: s\nname: t", "config: name (file FILE:2): was already given in line 1"},
	{"a setting at the top", "name: s\nattackers: {p: 0.1}", "config: attackers (file FILE:2): is a setting; in a sweep it belongs below base, list or grid"},
	{"unknown preset", "name: s\npreset: quik", "config: preset = quik (file FILE:2): is not known; the nearest one is quick (of quick, as-reported, workstation, authors, paper)"},
	{"unknown preset's settings", "name: s\npresets:\n  papre: {seed: 1}", "config: preset = papre (file FILE:3): is not known; the nearest one is paper"},
	{"presets without names", "name: s\npresets: [quick]", "config: presets (file FILE:2): must hold the names of presets"},
	{"wrong value for a preset that is not used", "name: s\npresets:\n  paper:\n    train.epochs: 0", "config: train.epochs = 0 (file FILE:4): must be a whole number, at least 1"},
	{"unknown key in base", "name: s\nbase:\n  model:\n    widht: 8", "config: model.widht (file FILE:4): is not a key; the nearest one is model.width"},
	{"unknown key in list", "name: s\nlist:\n  - attackers.p: 0.1\n  - atackers.p: 0.1", "config: atackers.p (file FILE:4): is not a key; the nearest one is attackers.p"},
	{"unknown key in grid", "name: s\ngrid:\n  atackers.p: [0.1]", "config: atackers.p (file FILE:3): is not a key; the nearest one is attackers.p"},
	{"section in grid", "name: s\ngrid:\n  attackers: [0.1]", "config: attackers (file FILE:3): is a section, not a key"},
	{"wrong value in grid", "name: s\ngrid:\n  attackers.p: [0.1, 1.1]", "config: attackers.p = 1.1 (file FILE:3, value 2): must be a number from 0 to 1"},
	{"wrong value in list", "name: s\nlist:\n- train.optimizer: sdg", "config: train.optimizer = sdg (file FILE:3): must be one of sgd, adam, adamw"},
	{"no list in grid", "name: s\ngrid: {attackers.p: 0.1}", "config: attackers.p = 0.1 (file FILE:2): must be a list of values in a grid, at least one"},
	{"nothing in grid", "name: s\ngrid: {attackers.p: []}", "config: attackers.p =  (file FILE:2): must be a list of values in a grid, at least one"},
	{"grid of nothing", "name: s\ngrid: 5", "config: file FILE:2: holds no settings"},
	{"empty list", "name: s\nlist: []", "config: list (file FILE:2): must be a list of settings, at least one"},
	{"list of words", "name: s\nlist: [big]", "config: file FILE:2: holds no settings"},
	{"list of lists", "name: s\nlist: [[name, x]]", "config: file FILE:2: holds no settings"},
	{"a point's name twice", "name: s\nlist: [{name: a, name: b}]", "config: name (file FILE:2): was already given"},
	{"a point's name a list", "name: s\nlist: [{name: [a]}]", "config: name (file FILE:2): must be a text"},
	{"two points of one name", "name: s\nlist: [{name: a, seed: 1}, {name: a, seed: 1, attackers.p: 0.1}]", `config: file FILE: two different points are called "a"`},
	{"base and grid", "name: s\nbase: {attackers.p: 0.1}\ngrid: {attackers.p: [0.1]}", "config: attackers.p (file FILE:3, value 1): was already given at file FILE:2"},
	{"list and grid", "name: s\nlist:\n - attackers.p: 0.1\ngrid: {attackers.p: [0.1]}", "config: attackers.p (file FILE:4, value 1): was already given at file FILE:3"},
	{"seeds and seed", "name: s\nseeds: 2\ngrid: {seed: [1]}", "config: seed (file FILE:3, value 1): was already given at file FILE:2"},
	{"no seeds", "name: s\nseeds: 0", "config: seeds = 0 (file FILE:2): must be the number of seeds, at least 1, or a list of different seeds"},
	{"seeds twice", "name: s\nseeds: [1, 2, 1]", "config: seeds (file FILE:2): must be the number of seeds"},
	{"words for seeds", "name: s\nseeds: [one]", "config: seeds (file FILE:2): must be the number of seeds"},
	{"seeds beyond the largest", "name: s\nbase: {seed: 18446744073709551615}\nseeds: 2", "config: 2 seeds from 18446744073709551615 on: must be at most 10000"},
	{"too many points", "name: s\nseeds: 101\ngrid: {pool.size: [" + strings.Repeat("1, ", 99) + "1]}", "config: file FILE: has more than 10000 points"},
	{
		"contradiction in one point", "name: s\nbase: {attackers.labels: list}\nlist:\n  - {name: two, attackers.counts: [2], attackers.targets: [a, b]}\n  - name: four\n    attackers.counts: [4]\n    attackers.targets: [a, b]",
		"config: attackers.targets = a,b (file FILE:7, point four): names 2 target labels for up to 4 attackers",
	},
	{"verified elsewhere", "name: s\nverify: {seed: 2}", "config: seed (file FILE:2): cannot have another value for verifying triggers; only keys of asr, attackers,"},
	{"verified on other images", "name: s\nverify:\n  data: {name: mnist}", "config: data.name (file FILE:3): cannot have another value for verifying"},
	{"wrong value to verify in", "name: s\nverify: {attackers.p: 2}", "config: attackers.p = 2 (file FILE:2): must be a number from 0 to 1"},
	{"words for verify", "name: s\nverify: all", "config: file FILE:2: holds no settings"},
	{
		"contradiction where triggers are verified", "name: s\nbase: {attackers.labels: list, attackers.counts: [1], attackers.targets: [a]}\nverify: {attackers.labels: same}",
		"config: attackers.targets = a (file FILE:2): is read only with attackers.labels = list",
	},
	{"contradiction in the base", "name: s\nbase: {data.name: folder}", "config: data.path =  (point s): must name the directory"},
}

func TestSweepRefuses(t *testing.T) {
	for _, tc := range refusedSweeps {
		t.Run(tc.name, func(t *testing.T) {
			file := writeFile(t, tc.text)
			sweep, err := config.LoadSweep(file, config.Options{}, 0)
			require.ErrorContains(t, err, strings.ReplaceAll(tc.want, "FILE", file))
			require.ErrorIs(t, err, config.ErrInvalid)
			require.Nil(t, sweep)
		})
	}
}

// A key in which the points differ cannot be set for all of them.
func TestSweepKeepsItsKeys(t *testing.T) {
	text := "name: s\ngrid: {attackers.p: [0.1, 0.2]}\nseeds: [4, 5]"
	for _, tc := range []struct {
		opts config.Options
		want string
	}{
		{config.Options{Sets: []string{"attackers.p=0.3"}}, "config: attackers.p = 0.3 (--set): is set by the points of the sweep (file FILE:2, value 1)"},
		{config.Options{Flags: map[string]string{"attackers.p": "0.3"}}, "config: attackers.p = 0.3 (flag --p): is set by"},
		{config.Options{Environ: []string{"BACKFIRE_ATTACKERS_P=0.3"}}, "config: attackers.p = 0.3 (env BACKFIRE_ATTACKERS_P): is set by"},
		{config.Options{Flags: map[string]string{"seed": "9"}}, "config: seed = 9 (flag --seed): is set by the points of the sweep (file FILE:3)"},
		{config.Options{Preset: "quik"}, `config: preset "quik" is not known`},
	} {
		file := writeFile(t, text)
		_, err := config.LoadSweep(file, tc.opts, 0)
		require.ErrorContains(t, err, strings.ReplaceAll(tc.want, "FILE", file))
		require.ErrorIs(t, err, config.ErrInvalid)
	}
	_, err := load(t, "name: s\ngrid: {seed: [4, 5]}", config.Options{}, 3)
	require.ErrorContains(t, err, "is set by the points, which cannot be repeated for 3 seeds")
	_, err = load(t, text, config.Options{}, -1)
	require.ErrorContains(t, err, "config: -1 seeds: must be at least 1")
}

func TestSweepIsNowhere(t *testing.T) {
	_, err := config.LoadSweep("tabel1", config.Options{}, 0)
	require.ErrorIs(t, err, config.ErrInvalid)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, `config: sweep "tabel1" is neither a file nor one of table1, table2, table3`)
	_, err = config.LoadSweep(t.TempDir(), config.Options{}, 0)
	require.ErrorIs(t, err, config.ErrInvalid)
	_, err = config.SweepText("tabel1")
	require.EqualError(t, err, `config: sweep "tabel1" is not known; the nearest one is table1 (of table1, table2, table3, table3-as-reported, defenses, labels)`)
}

func TestMaxPoints(t *testing.T) {
	sweep, err := load(t, "name: s\nseeds: 100\ngrid: {pool.size: ["+hundred()+"]}", config.Options{}, 0)
	require.NoError(t, err)
	require.Len(t, sweep.Points, config.MaxPoints)
}

// hundred returns the numbers from 1 to 100 as a list of the command line.
func hundred() string {
	var numbers []string
	for i := range 100 {
		numbers = append(numbers, fmt.Sprint(i+1))
	}
	return strings.Join(numbers, ",")
}

// The example of docs/config.md has the number of points that the text gives.
func TestReferenceSweep(t *testing.T) {
	_, after, ok := strings.Cut(config.Reference(), "```yaml\n")
	require.True(t, ok)
	text, _, _ := strings.Cut(after, "```")
	path := filepath.Join(t.TempDir(), "example.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	sweep, err := config.LoadSweep(path, config.Options{}, 0)
	require.NoError(t, err)
	require.Len(t, sweep.Points, 2*2*3)
}
