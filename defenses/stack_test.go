package defenses_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/defenses/mix"
	"backfire/triggers"
)

// doses generates doses of adversarial training.
func doses() *rapid.Generator[defenses.Dose] {
	return rapid.Custom(func(t *rapid.T) defenses.Dose {
		return defenses.Dose{
			Share:     float64(rapid.IntRange(1, 100).Draw(t, "share")) / 100,
			Placement: rapid.SampledFrom([]defenses.Placement{defenses.Add, defenses.Replace}).Draw(t, "placement"),
		}
	})
}

// specs generates valid descriptions of random triggers.
func specs() *rapid.Generator[triggers.Spec] {
	return rapid.Custom(func(t *rapid.T) triggers.Spec {
		return triggers.Spec{
			P1: rapid.Float64Range(0.2, 1).Draw(t, "p1"), P2: rapid.Float64Range(0.1, 1).Draw(t, "p2"),
			Range: rapid.SampledFrom([]triggers.Range{triggers.PerDimension, triggers.Area}).Draw(t, "range"),
		}
	})
}

// stacks generates valid stacks.
func stacks() *rapid.Generator[defenses.Stack] {
	return rapid.Custom(func(t *rapid.T) defenses.Stack {
		var s defenses.Stack
		has := func(kind defenses.Kind) bool { return rapid.Bool().Draw(t, string(kind)) }
		if has(defenses.KindAgentAugmentation) {
			s = s.With(defenses.KindAgentAugmentation, &defenses.AgentAugmentation{
				Agents: rapid.IntRange(1, 9).Draw(t, "agents"), Clean: rapid.Float64Range(0, 0.99).Draw(t, "clean"), Spec: specs().Draw(t, "spec"),
			})
		}
		if has(defenses.KindAdversarialTriggers) {
			s = s.With(defenses.KindAdversarialTriggers, &defenses.AdversarialTriggers{Dose: doses().Draw(t, "dose"), Spec: specs().Draw(t, "spec")})
		}
		if has(defenses.KindCutMix) {
			s = s.With(defenses.KindCutMix, &mix.Settings{Alpha: rapid.Float64Range(0.1, 9).Draw(t, "alpha"), Probability: rapid.Float64Range(0.1, 0.5).Draw(t, "probability")})
		}
		if has(defenses.KindMixUp) {
			s = s.With(defenses.KindMixUp, &mix.Settings{Alpha: rapid.Float64Range(0.1, 9).Draw(t, "alpha"), Probability: rapid.Float64Range(0.1, 0.5).Draw(t, "probability")})
		}
		epsilon := rapid.Float64Range(0.5, 32).Draw(t, "epsilon")
		if has(defenses.KindPGD) {
			s = s.With(defenses.KindPGD, &defenses.PGD{
				Epsilon: epsilon, Steps: rapid.IntRange(1, 9).Draw(t, "steps"), StepSize: rapid.Float64Range(0.5, 9).Draw(t, "step size"),
				RandomStart: rapid.Bool().Draw(t, "random start"), Dose: doses().Draw(t, "dose"),
			})
		} else if has(defenses.KindFGSM) {
			s = s.With(defenses.KindFGSM, &defenses.FGSM{Epsilon: epsilon, Dose: doses().Draw(t, "dose")})
		}
		if has(defenses.KindIndexing) {
			s = s.With(defenses.KindIndexing, &indexing.Settings{Mode: indexing.Sliced, Models: rapid.IntRange(1, 9).Draw(t, "models")})
		}
		return s
	})
}

func TestFits(t *testing.T) {
	scale := defenses.Scale{Contributed: 20, Agents: 5, Epochs: 4, Batch: 32}
	for text, reason := range map[string]string{
		"[]":                                   "",
		"[agent_augmentation]":                 "",
		"[adversarial_triggers]":               "",
		"[indexing]":                           "",
		"[{agent_augmentation: {agents: 13}}]": "agents is 13: of the defender's 20 contributed images 12 are stamped (clean is 0.4), fewer than simulated attackers: choose at most 12",
		"[{pgd: {share: 0.015}}]":              "pgd: share is 0.015: of a batch of 32 images that is none",
		"[{indexing: {mode: grouped, models: 6}}]": "indexing: cannot be indexed: models is 6, more than the 5 agents",
		"[{indexing: {mode: sliced, models: 5}}]":  "models is 5 slices, more than the 4 epochs",
	} {
		stack, err := decode(text)
		require.NoError(t, err)
		err = defenses.Policy{Name: "x", Stack: stack}.Fits(scale)
		if reason == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, defenses.ErrPolicy)
		require.ErrorContains(t, err, reason)
	}
}
