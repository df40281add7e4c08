package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/equilibrium"
	"backfire/experiments/cell"
	"backfire/payoffs"
)

// Every game of the program can be read, and has a point for each profile and seed.
func TestGamesOfTheProgram(t *testing.T) {
	points := map[string]int{"rates": 10 * 6, "labels": 4 * 6, "coalition": 4 * 6, "sybils": 3 * 6, "defender": 6 * 6}
	for _, name := range config.Games() {
		g, err := config.LoadGame(name, config.Options{}, 0, 0)
		require.NoError(t, err, name)
		sweep, err := g.Sweep()
		require.NoError(t, err, name)
		require.Len(t, sweep.Points, points[name], name)
		require.Same(t, &g.Spec, sweep.Game)
		require.Zero(t, sweep.Points[0].Config.Attackers.Singles, name)
	}
	g, err := config.LoadGame("rates", config.Options{}, 5, 2)
	require.NoError(t, err)
	sweep, err := g.Sweep()
	require.NoError(t, err)
	require.Len(t, sweep.Points, 56*2)
}

// A profile gives each seat the choice of the player who sits there, and the seats change
// with the seed.
func TestPointOfAGame(t *testing.T) {
	g, err := config.LoadGame("rates", config.Options{}, 0, 0)
	require.NoError(t, err)
	profile := equilibrium.Profile{1, 0, 0, 1}
	even, err := g.Point(profile, 4)
	require.NoError(t, err)
	require.Equal(t, []float64{0.05, 0.9}, even.Config.Attackers.PoisonRates)
	require.Equal(t, "2", even.Config.Deal.Seats)
	require.Equal(t, map[string]string{"profile": "1,0,0,1"}, even.Keys)
	require.True(t, even.Config.Artefacts.Detection)
	odd, err := g.Point(profile, 5)
	require.NoError(t, err)
	require.Equal(t, []float64{0.9, 0.05}, odd.Config.Attackers.PoisonRates)

	coalition, err := config.LoadGame("coalition", config.Options{}, 0, 0)
	require.NoError(t, err)
	two, err := coalition.Point(equilibrium.Profile{2, 1}, 3)
	require.NoError(t, err)
	require.Equal(t, []string{"#2", "#2", "#5"}, two.Config.Attackers.Targets)
	require.Equal(t, []string{"1=0"}, two.Config.Attackers.Colluders)

	sybils, err := config.LoadGame("sybils", config.Options{}, 0, 0)
	require.NoError(t, err)
	mixed, err := sybils.Point(equilibrium.Profile{1, 1}, 2)
	require.NoError(t, err)
	require.Equal(t, "6", mixed.Config.Deal.Seats)
	require.Equal(t, []int{0, 3, 4, 5}, mixed.Config.Attackers.Seats)
	require.InDeltaSlice(t, []float64{0.6, 0.2, 0.2, 0.2}, []float64{
		mixed.Config.Attackers.PoisonRates[0], mixed.Config.Attackers.PoisonRates[3], mixed.Config.Attackers.PoisonRates[4], mixed.Config.Attackers.PoisonRates[5],
	}, 1e-12)
	require.Equal(t, []string{"4=3", "5=3"}, mixed.Config.Attackers.Colluders)
}

// The filter that q stands for may have settings of its own; those of the configuration are none of its.
func TestFilterOfAGame(t *testing.T) {
	load := func(filter string) *config.Game {
		file := filepath.Join(t.TempDir(), "mine.yaml")
		require.NoError(t, os.WriteFile(file, []byte(smallGame+"filter: "+filter+"\n"), 0o600))
		g, err := config.LoadGame(file, config.Options{}, 0, 0)
		require.NoError(t, err)
		return g
	}
	for filter, want := range map[string]payoffs.Spec{
		"none":                             {},
		"spectral_signatures":              {Filter: "spectral_signatures"},
		"spectral_signatures(epsilon=0.2)": {Filter: "spectral_signatures(epsilon=0.2)", Detector: `[{"spectral_signatures":{"epsilon":0.2,"factor":1.5,"first":1,"chosen":"method"}}]`},
	} {
		g := load(filter)
		require.Equal(t, want, payoffs.Spec{Filter: g.Spec.Filter, Detector: g.Spec.Detector})
		p, err := g.Point(equilibrium.Profile{1, 1}, 1)
		require.NoError(t, err)
		require.Equal(t, filter == "spectral_signatures", p.Config.Artefacts.Detection)
		stacks := p.Config.Artefacts.DetectorStacks()
		if want.Detector == "" {
			require.Empty(t, stacks)
			continue
		}
		require.Len(t, stacks, 1)
		require.Equal(t, want.Detector, g.Spec.FilterKey())
		require.Equal(t, want.Detector, cell.StackText(stacks[0]), "the planner asks for what the game reads")
	}
}

const smallGame = `
name: mine
base: {pool.size: 500}
players: 2
seeds: 2
strategies:
  low: {p0: 0.1, p1: 0.3, kind: square}
  high: {p: 0.5}
`

func TestGameRefusals(t *testing.T) {
	load := func(text string) error {
		file := filepath.Join(t.TempDir(), "mine.yaml")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := config.LoadGame(file, config.Options{}, 0, 0)
		return err
	}
	require.NoError(t, load(smallGame))
	for _, test := range []struct{ old, replacement, want string }{
		{"players: 2", "players: 1", "players = 1: a game needs two at least"},
		{"players: 2", "players: [a, b]", "a game is symmetric"},
		{"  high: {p: 0.5}", "", "strategies: there is 1"},
		{"  high: {p: 0.5}", "  high: {p0: 0.1, p1: 0.3, kind: square}", "is the same choice as low"},
		{"pool.size: 500", "attackers.rates: [0.1, 0.2]", "the players of a game are symmetric"},
		{"seeds: 2", "seeds: 2\nbudget: {models: 5}", "have 3 profiles, which take 6 models for 2 seeds"},
		{"players: 2", "players: 20000", "have 20001 profiles: at most"},
		{"seeds: 2", "seeds: 2\nfilter: loss_isolation", "must be spectral_signatures or activation_clustering, with settings of its own"},
		{"seeds: 2", "seeds: 2\nfilter: spectral_signatures+cutmix", "must be spectral_signatures or activation_clustering"},
		{"seeds: 2", "seeds: 2\nfilter: spectral_signatures(epsilon=2)", "epsilon is 2: it must be"},
		{"seeds: 2", "seeds: 2\nfilter: spectral_signatures(first=0.5)", "has the setting first, which is about trainings"},
		{"seeds: 2", "seeds: 2\nfilter: activation_clustering(reclassify=true)", "has the setting reclassify, which is about trainings"},
		{"seeds: 2", "seeds: 2\nfilter: spectral_signatures(eps=2)", "has a setting that does not exist"},
		{"seeds: 2", "seeds: 2\nprices: [0.1]", "must begin with 0"},
		{"seeds: 2", "seeds: 2\ndefenders: [none]", "chooses among two at least"},
		{"p0: 0.1", "p0: 1.5", "must be a number in [0,1]"},
		{"p0: 0.1", "labels: own", "own_labels: has 0 target labels for 2 players"},
		{"p0: 0.1", "p: 0.1", "was already given"},
		{"kind: square", "kind: round", "attackers.kinds"},
		{"players", "player", "the nearest one is players"},
	} {
		require.Contains(t, smallGame, test.old)
		require.ErrorContains(t, load(strings.Replace(smallGame, test.old, test.replacement, 1)), test.want)
	}
	_, err := config.LoadGame("rate", config.Options{}, 0, 0)
	require.ErrorContains(t, err, "neither a file nor one of")
	_, err = config.LoadGame("rates", config.Options{Sets: []string{"attackers.poison_rates=0.2"}}, 0, 0)
	require.ErrorContains(t, err, "symmetric")
}
