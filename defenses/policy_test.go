package defenses_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/defenses/mix"
)

func TestBadDefendersAreRefused(t *testing.T) {
	for text, reason := range map[string]string{
		"[cutmix, mixup]":                                         "cutmix and mixup together: a batch is mixed in one way at most",
		"[pgd, fgsm]":                                             "pgd and fgsm together: both make a batch's adversarial examples: choose one",
		"[{cutmix: {alpha: 0}}]":                                  "cutmix: alpha is 0: it must be from 0.05 to 1000",
		"[{mixup: {probability: 1.1}}]":                           "mixup: probability is 1.1: it must be above 0 and at most 1",
		"[{agent_augmentation: {agents: 0}}]":                     "agent_augmentation: agents is 0: it must be at least 1",
		"[{agent_augmentation: {clean: 1}}]":                      "agent_augmentation: clean is 1: it must be at least 0 and below 1",
		"[{agent_augmentation: {p1: 2}}]":                         "p1 is 2: it must be above 0 and at most 1",
		"[{adversarial_triggers: {share: 0}}]":                    "adversarial_triggers: share is 0: it must be above 0 and at most 1",
		"[{adversarial_triggers: {placement: beside}}]":           `placement is "beside": it must be add or replace`,
		"[{adversarial_triggers: {range: circle}}]":               `range is "circle"`,
		"[spectral_signatures, loss_isolation]":                   `spectral_signatures and loss_isolation together: a defender has one defense at the stage "filter": choose one`,
		"[fine_tuning, fine_pruning]":                             `fine_tuning and fine_pruning together: a defender has one defense at the stage "repair": choose one`,
		"[agent_augmentation, proactive_backdoor]":                `together: a defender has one defense at the stage "data": choose one`,
		"[loss_isolation, {indexing: {mode: sliced, models: 2}}]": "loss_isolation and indexing together: loss_isolation needs models that each start anew, as in modes exact and grouped with a known index",
		"[{spectral_signatures: {epsilon: 0}}]":                   "spectral_signatures: epsilon is 0: it must be above 0 and below 1",
		"[{spectral_signatures: {chosen: some}}]":                 `spectral_signatures: chosen is "some": it must be method or random`,
		"[{fine_tuning: {epochs: 0}}]":                            "fine_tuning: epochs is 0: it must be at least 1",
		"[{pgd: {epsilon: 256}}]":                                 "pgd: epsilon is 256: it must be above 0 and at most 255, in 8-bit units",
		"[{pgd: {steps: 0}}]":                                     "pgd: steps is 0: it must be at least 1",
		"[{pgd: {step_size: -1}}]":                                "pgd: step_size is -1: it must be above 0",
		"[{pgd: {share: 1.5}}]":                                   "pgd: share is 1.5: it must be above 0 and at most 1",
		"[{fgsm: {epsilon: 0}}]":                                  "fgsm: epsilon is 0: it must be above 0",
		"[{fgsm: {share: -1}}]":                                   "fgsm: share is -1",
		"[{indexing: {mode: grouped}}]":                           "indexing: models is 0: grouped needs at least 1",
		"[{indexing: {models: 3}}]":                               "indexing: models is 3: exact trains one model per agent",
	} {
		stack, err := decode(text)
		require.NoError(t, err, "%s", text)
		err = defenses.ValidateAll([]defenses.Policy{{Name: defenses.None}, {Name: "x", Stack: stack}})
		require.ErrorIs(t, err, defenses.ErrPolicy, "%s", text)
		require.ErrorContains(t, err, reason, "%s", text)
	}
	cut := defenses.NewStack(defenses.KindCutMix, defaultOf[mix.Settings](t, defenses.KindCutMix))
	mixed := defenses.NewStack(defenses.KindMixUp, defaultOf[mix.Settings](t, defenses.KindMixUp))
	for reason, policies := range map[string][]defenses.Policy{
		`"x": the stack is empty: the defender without defenses is called "none"`:   {{Name: "x"}},
		`"none": the stack has cutmix: a defender with defenses needs another name`: {{Name: defenses.None, Stack: cut}},
		"the name must not be empty, nor begin or end with a space":                 {{Name: " ", Stack: cut}},
		"the name must be one line of text":                                         {{Name: "a\nb", Stack: cut}},
		`two defenders are called "cutmix": names must differ`:                      {{Name: "cutmix", Stack: cut}, {Name: "cutmix", Stack: mixed}},
	} {
		err := defenses.ValidateAll(policies)
		require.ErrorIs(t, err, defenses.ErrPolicy, reason)
		require.ErrorContains(t, err, reason)
	}
	spec := defaultOf[defenses.AgentAugmentation](t, defenses.KindAgentAugmentation)
	spec.Clean = math.NaN()
	require.Error(t, defenses.NewStack(defenses.KindAgentAugmentation, spec).Validate())
}
