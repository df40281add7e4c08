package equilibria_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/payoffs"
	"backfire/report/equilibria"
)

// document returns the document of a game in which p0 = 0.9 pays more than 0.1, and costs more images.
func document(t *testing.T) *equilibria.Document { return documentOf(t, -1) }

// documentOf returns the same of which the first trials are stored; all with a negative number.
func documentOf(t *testing.T, stored int) *equilibria.Document {
	t.Helper()
	few, many := 0.1, 0.9
	spec := &payoffs.Spec{
		Format: payoffs.Format, Name: "made up", Players: 2, Seeds: 6, FirstSeed: 1, Margin: 0.05, Prices: []float64{0, 0.001, 0.1},
		Strategies: []payoffs.Strategy{{Name: "few", P0: &few}, {Name: "many", P0: &many}},
	}
	require.NoError(t, spec.Check())
	var trials []payoffs.Trial
	for _, profile := range spec.Profiles() {
		for seed := range uint64(6) {
			trial := payoffs.Trial{Profile: profile, Seed: 1 + seed, CleanAccuracy: 0.9, Models: []string{"model"}}
			for _, player := range spec.Seat(profile, 1+seed) {
				lift, poisoned := 0.3, 10
				if player.Strategy == 1 {
					lift, poisoned = 0.8, 90
				}
				lift += 0.01 * float64(seed)
				trial.Attackers = append(trial.Attackers, payoffs.Attacker{Seat: player.Seats[0], ASR: lift, Lift: lift, Poisoned: poisoned})
			}
			trials = append(trials, trial)
		}
	}
	missing := 0
	if stored >= 0 {
		missing, trials = len(trials)-stored, trials[:stored]
	}
	r, err := spec.Analyze(trials, 100)
	require.NoError(t, err)
	return equilibria.New(r, "embedded", missing, 1)
}

func TestFiguresOfAGame(t *testing.T) {
	figures, err := document(t).Figures()
	require.NoError(t, err)
	rows := map[string][][]string{}
	for _, f := range figures {
		rows[f.Name] = f.Values.Rows
	}
	require.Len(t, rows, 4)
	require.Contains(t, rows, "payoffs-1")
	require.Contains(t, rows, "responses-1")

	regrets := rows["regrets-1"]
	require.Len(t, regrets, 3+3, "three profiles, and the margin at each")
	require.Equal(t, []string{"equilibrium", "0,2", "0.0"}, regrets[0][:3])
	require.Equal(t, "no equilibrium", regrets[1][0])
	require.Equal(t, []string{"margin", "0,2", "5.0"}, regrets[3][:3])

	var prices []string
	for _, row := range rows["by-price-1"] {
		prices = append(prices, row[1]+": "+row[2])
	}
	require.Equal(t, "0: 0.9 0.1: 0.9 10: 0.1", strings.Join(prices, " "), "each price stands for itself")
}
