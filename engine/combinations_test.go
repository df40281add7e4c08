package engine

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets/testset"
	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"

	"backfire/internal/enginetest"
	"backfire/internal/network"
)

// quickly are settings that shorten a defense.
var quickly = map[string]string{
	"pgd": "steps=1", "fine_tuning": "epochs=1", "fine_pruning": "epochs=1", "neuron_pruning": "iterations=2 steps=1",
}

// refused are the combinations of a network and a defense that cannot be.
var refused = map[string][]string{
	"resnet9": {"fine_pruning"}, // its features are a sum behind the ReLU
}

// Every defense plays with every network, or the plan refuses the combination by name.
func TestEveryDefenseWithEveryNetwork(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	for _, architecture := range network.Architectures() {
		for _, name := range defenses.Names() {
			if d := definitionOf(name); d.Acts(definition.Program) {
				continue // it trains by itself
			}
			t.Run(architecture+"/"+name, func(t *testing.T) {
				defender := name
				if own := quickly[name]; own != "" {
					defender += "(" + own + ")"
				}
				cfg := tinyConfig(t, "attackers.counts=2", "attackers.singles=0", "model.width=1", "train.epochs=2", "train.lr=0.01", "indexing.models="+models(name),
					"model.architecture="+architecture, "defenders="+defender)
				planned, err := plan.New(cfg, set)
				if contains(refused[architecture], name) {
					require.ErrorIs(t, err, cell.ErrPlan)
					require.ErrorContains(t, err, name+" needs")
					require.ErrorContains(t, err, architecture)
					return
				}
				require.NoError(t, err)
				playDefender(t, planned)
			})
		}
	}
}

// playDefender plays the last model of the defender, which depends on all of its others.
func playDefender(t *testing.T, planned *plan.Plan) {
	t.Helper()
	models := planned.Games[0].Defenders[0].Models
	for _, hash := range models[:min(2, len(models))] {
		c, ok := planned.Cell(hash)
		require.True(t, ok)
		request := enginetest.NewTrain(t, c)
		events := work(t, LibTorch{}, request)
		last := events[len(events)-1]
		require.Equal(t, worker.KindDone, last.Kind, last.Error)
		require.FileExists(t, filepath.Join(request.Dir, store.ResultFile))
	}
}

// definitionOf returns the definition of a defense or of one of its variants.
func definitionOf(name string) definition.Definition {
	for _, d := range defenses.Definitions() {
		if string(d.Kind) == name || contains(d.Variants, name) {
			return d
		}
	}
	return definition.Definition{}
}

// models returns the number of models of a variant of indexing.
func models(name string) string {
	if contains([]string{defenses.IndexingGrouped, defenses.IndexingSliced}, name) {
		return "2"
	}
	return "0"
}

func contains(list []string, name string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+name+" ")
}
