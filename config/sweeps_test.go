package config_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

func TestEverySweepFileIsASweep(t *testing.T) {
	files, err := os.ReadDir("sweeps")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file.Name(), ".yaml"))
	}
	require.ElementsMatch(t, config.Sweeps(), names)
}

// Every table loads with every preset and dataset, on any number of seeds.
func TestTablesLoad(t *testing.T) {
	for _, name := range config.Sweeps() {
		for _, preset := range append(config.Presets(), "") {
			for _, dataset := range []string{"mnist", "cifar10", "embedded"} {
				opts := config.Options{Preset: preset, Flags: map[string]string{"data.name": dataset}}
				one, err := config.LoadSweep(name, opts, 1)
				require.NoError(t, err)
				require.Equal(t, name, one.Name)
				require.NotEmpty(t, one.Title)
				if preset == "" {
					preset = map[bool]string{true: "as-reported", false: "quick"}[name == "table3-as-reported"]
				}
				require.Equal(t, preset, one.Preset)
				three, err := config.LoadSweep(name, opts, 3)
				require.NoError(t, err)
				require.Len(t, three.Points, 3*len(one.Points))
				require.Equal(t, one.Points, three.Points[:len(one.Points)], "the first seed comes first")
				for _, p := range three.Points {
					require.Equal(t, dataset, p.Config.Data.Name)
					preset, err := config.Load(config.Options{Preset: preset})
					require.NoError(t, err)
					require.Equal(t, preset.Config.Train, p.Config.Train)
					require.Equal(t, preset.Config.Pool, p.Config.Pool)
					require.Equal(t, preset.Config.Model, p.Config.Model)
				}
			}
		}
	}
}

// strength returns p0, p1 and p2 of the first n attackers of a point.
func strength(p config.Point, n int) [][3]float64 {
	all := make([][3]float64, n)
	for i := range all {
		all[i][0], all[i][1], all[i][2] = p.Config.Attackers.Strength(i)
	}
	return all
}

// The games of the paper's table 1: five rows at 0.2, one with attacker 0 at 0.4,
// one at 0.9, all with one label; and the latter two with the poison rate alone and the
// trigger's size alone.
func TestTable1(t *testing.T) {
	sweep, err := config.LoadSweep("table1", config.Options{Preset: "paper"}, 1)
	require.NoError(t, err)
	at := [3]float64{0.2, 0.2, 0.2}
	rest := [][3]float64{at, at, at, at}
	everyone := func(p0, size float64) [][3]float64 { return slices.Repeat([][3]float64{{p0, size, size}}, 5) }
	for i, want := range []struct {
		name     string
		strength [][3]float64
	}{
		{"N grows", everyone(0.2, 0.2)},
		{"attacker 0 raises p", append([][3]float64{{0.4, 0.4, 0.4}}, rest...)},
		{"attacker 0 raises p0", append([][3]float64{{0.4, 0.2, 0.2}}, rest...)},
		{"attacker 0 raises its size", append([][3]float64{{0.2, 0.4, 0.4}}, rest...)},
		{"all raise p", everyone(0.9, 0.9)},
		{"all raise p0", everyone(0.9, 0.2)},
		{"all raise their sizes", everyone(0.2, 0.9)},
	} {
		require.Equal(t, want.name, sweep.Points[i].Name)
		require.Equal(t, want.strength, strength(sweep.Points[i], 5), want.name)
	}
	require.Len(t, sweep.Points, 7)
	require.Equal(t, []int{1, 2, 3, 4, 5}, sweep.Points[0].Config.Attackers.Counts)
	require.Equal(t, 5, sweep.Points[0].Config.Attackers.PlayedAlone())
	for _, p := range sweep.Points {
		require.Equal(t, []string{"same", "#2"}, []string{p.Config.Attackers.Labels, p.Config.Attackers.Label})
		require.Equal(t, 0.8, p.Config.Trigger.MinSingleASR)
		require.Equal(t, everyone(0.2, 0.2), strength(config.Point{Config: *p.Verify}, 5), p.Name)
		require.Equal(t, 5, p.Verify.Attackers.PlayedAlone())
		require.Equal(t, 0.8, p.Verify.Trigger.MinSingleASR)
	}
	for _, p := range sweep.Points[1:] {
		require.Equal(t, []int{5}, p.Config.Attackers.Counts)
	}
}

// The columns of the paper's table 2.
func TestTable2(t *testing.T) {
	sweep, err := config.LoadSweep("table2", config.Options{Preset: "paper"}, 1)
	require.NoError(t, err)
	require.Len(t, sweep.Points, 4)
	for i, want := range []struct {
		n       int
		labels  string
		targets []string
	}{{2, "same", nil}, {2, "list", []string{"#1", "#2"}}, {4, "same", nil}, {4, "list", []string{"#1", "#2", "#5", "#9"}}} {
		a := sweep.Points[i].Config.Attackers
		require.Equal(t, []int{want.n}, a.Counts)
		require.Equal(t, want.n, a.PlayedAlone())
		require.Equal(t, want.labels, a.Labels)
		require.Equal(t, "#2", a.Label)
		require.Equal(t, want.targets, a.Targets)
		require.Equal(t, make20(want.n), strength(sweep.Points[i], want.n))
		verify := sweep.Points[i].Verify
		require.Equal(t, []string{"same", "#2"}, []string{verify.Attackers.Labels, verify.Attackers.Label})
		require.Equal(t, want.n, verify.Attackers.PlayedAlone())
		require.Equal(t, 0.8, verify.Trigger.MinSingleASR)
	}
}

// make20 returns a slice of n times 0.2.
func make20(n int) [][3]float64 { return slices.Repeat([][3]float64{{0.2, 0.2, 0.2}}, n) }

// The rows of the paper's table 3; the quick preset leaves N = 100 out.
func TestTable3(t *testing.T) {
	for preset, want := range map[string][]int{"quick": {1, 2, 5, 10}, "workstation": {1, 2, 5, 10, 100}, "paper": {1, 2, 5, 10, 100}} {
		sweep, err := config.LoadSweep("table3", config.Options{Preset: preset}, 1)
		require.NoError(t, err)
		require.Len(t, sweep.Points, 1)
		require.Equal(t, want, sweep.Points[0].Config.Attackers.Counts)
		require.Equal(t, "random", sweep.Points[0].Config.Attackers.Labels)
		require.Equal(t, []string{"none", "cutmix", "agent_augmentation", "indexing"}, sweep.Points[0].Config.Defenders)
		require.Equal(t, make20(2), strength(sweep.Points[0], 2))
	}
	sweep, err := config.LoadSweep("table3", config.Options{Flags: map[string]string{"attackers.counts": "1,3"}}, 1)
	require.NoError(t, err)
	require.Equal(t, []int{1, 3}, sweep.Points[0].Config.Attackers.Counts, "smaller tables can be asked for")
}

// Table 3 as reported has every game of table 3 in two readings, of which the one that
// gives the paper's figures is primary.
func TestTable3AsReported(t *testing.T) {
	sweep, err := config.LoadSweep("table3-as-reported", config.Options{}, 0)
	require.NoError(t, err)
	require.Len(t, sweep.Points, 2*6, "six seeds")
	plain, err := config.LoadSweep("table3", config.Options{Preset: "paper"}, 1)
	require.NoError(t, err)
	for i, p := range sweep.Points {
		reported := i%2 == 0
		require.Equal(t, map[bool]string{true: "per_image", false: "per_agent"}[reported], p.Config.Trigger.Sampling)
		require.Equal(t, map[bool]string{true: "n", false: "max"}[reported], p.Config.Deal.Seats)
		require.Equal(t, 12_500, p.Config.Pool.Size)
		require.Equal(t, "random", p.Config.Attackers.Labels)
		require.Equal(t, plain.Points[0].Config.Attackers.Counts, p.Config.Attackers.Counts)
		require.Equal(t, plain.Points[0].Config.Defenders, p.Config.Defenders)
		require.Equal(t, reported, sweep.Primary.Holds(p.Keys))
	}
}
