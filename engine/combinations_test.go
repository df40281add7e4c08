package engine

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
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
	"pgd": "steps=1", "fine_tuning": "epochs=1", "fine_pruning": "epochs=1", "neuron_pruning": "iterations=2 steps=1", "vote": "groups=2",
}

// refused are the combinations of a network and a defense that cannot be.
var refused = map[string][]string{
	"resnet9":            {"fine_pruning"}, // its features are a sum behind the ReLU
	"testdata/module.pt": {"fine_pruning"}, // its layers are not known
	"testdata/plain.pt": { // which has neither features nor normalisations
		"fine_pruning", "neuron_pruning", "spectral_signatures", "activation_clustering", "scaling_consistency", "indexing_unknown",
	},
}

// Every defense plays with every network, or the plan refuses the combination by name.
func TestEveryDefenseWithEveryNetwork(t *testing.T) {
	for _, architecture := range network.Architectures() {
		t.Run(architecture, func(t *testing.T) {
			playEveryDefense(t, architecture, "model.architecture="+architecture, "model.width=1")
		})
	}
	for _, module := range []string{"testdata/module.pt", "testdata/plain.pt"} {
		t.Run(module, func(t *testing.T) { playEveryDefense(t, module, "model.file="+module) })
	}
}

// playEveryDefense plays each defense with a network that settings choose, or sees it refused.
func playEveryDefense(t *testing.T, name string, sets ...string) {
	for _, defense := range defenses.Names() {
		if definitionOf(defense).Acts(definition.Program) {
			continue // it trains by itself
		}
		t.Run(defense, func(t *testing.T) {
			defender := defense
			if own := quickly[defense]; own != "" {
				defender += "(" + own + ")"
			}
			cfg := tinyConfig(t, append(sets, "attackers.counts=2", "attackers.singles=0", "train.epochs=2", "train.lr=0.001", "attackers.label=#1",
				"pool.size=100", "indexing.models="+models(defense), "defenders="+defender)...)
			planned, err := plan.New(cfg, setFor(t, name))
			if slices.Contains(refused[name], defense) {
				require.ErrorIs(t, err, cell.ErrPlan)
				require.ErrorContains(t, err, defense[:8])
				require.ErrorContains(t, err, " needs ")
				return
			}
			require.NoError(t, err)
			playDefender(t, planned, cfg.Model.File)
		})
	}
}

// setFor returns images that are large enough for a network.
func setFor(t *testing.T, architecture string) *datasets.Set {
	t.Helper()
	load := testset.New
	if architecture == "vgg11_bn" {
		load = testset.NewColour
	}
	set, err := load(1)
	require.NoError(t, err)
	return set
}

// playDefender trains up to two models of the defender: with agent indexing, one without an
// agent, or the attribution.
func playDefender(t *testing.T, planned *plan.Plan, module string) {
	t.Helper()
	models := planned.Games[0].Defenders[0].Models
	for _, hash := range models[:min(2, len(models))] {
		c, ok := planned.Cell(hash)
		require.True(t, ok)
		request := enginetest.NewTrain(t, c)
		request.Module = module
		if c.Data.Shape.C == 3 {
			request.Source.Path = "colour"
		}
		events := work(t, LibTorch{}, request)
		last := events[len(events)-1]
		require.Equal(t, worker.KindDone, last.Kind, last.Error)
		require.FileExists(t, filepath.Join(request.Dir, store.ResultFile))
	}
}

// definitionOf returns the definition of a defense or of one of its variants.
func definitionOf(name string) definition.Definition {
	for _, d := range defenses.Definitions() {
		if slices.Contains(d.Names(), name) {
			return d
		}
	}
	return definition.Definition{}
}

// models returns the number of models of a variant of indexing.
func models(name string) string {
	if name == "indexing_grouped" || name == "indexing_sliced" {
		return "2"
	}
	return "0"
}
