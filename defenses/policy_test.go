package defenses_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/defenses/mix"
	"backfire/triggers"
)

// decode reads a stack as a cell has it.
func decode(text string) (defenses.Stack, error) {
	var s defenses.Stack
	err := yaml.Unmarshal([]byte(text), &s)
	return s, err
}

func TestStacksAsTheyAreWritten(t *testing.T) {
	augmentation := defenses.DefaultAgentAugmentation()
	augmentation.Agents = 3
	triggered, exact, cut := defenses.DefaultAdversarialTriggers(), indexing.Default(), mix.Default()
	for text, want := range map[string]defenses.Stack{
		"[]":       {},
		"[cutmix]": {CutMix: &cut},
		"[indexing, {agent_augmentation: {agents: 3}}]": {AgentAugmentation: &augmentation, Indexing: &exact},
		`
- cutmix: {probability: 0.25}
- pgd: {epsilon: 4, random_start: false, share: 0.5, placement: replace}
- mixup: {alpha: 0.2, probability: 0.5}
- adversarial_triggers:
- indexing: {mode: grouped, models: 4}
`: {
			AdversarialTriggers: &triggered,
			CutMix:              &mix.Settings{Alpha: 1, Probability: 0.25},
			MixUp:               &mix.Settings{Alpha: 0.2, Probability: 0.5},
			PGD: &defenses.PGD{
				Epsilon: 4, Steps: 7, StepSize: 2,
				Dose: defenses.Dose{Share: 0.5, Placement: defenses.Replace},
			},
			Indexing: &indexing.Settings{Mode: indexing.Grouped, Models: 4},
		},
	} {
		stack, err := decode(text)
		require.NoError(t, err, text)
		require.Equal(t, want, stack)
	}
}

// What is no stack is refused when it is read.
func TestMalformedStacksAreRefused(t *testing.T) {
	for text, reason := range map[string]string{
		"cutmix":                                 "a stack is a list of defenses",
		"[cutmx]":                                `there is no defense "cutmx": choose of [agent_augmentation adversarial_triggers cutmix mixup pgd fgsm indexing]`,
		"[cutmix, cutmix]":                       "the stack has cutmix twice",
		"[indexing, {indexing: {mode: exact}}]":  "the stack has indexing twice",
		"[{cutmix: {}, mixup: {}}]":              "each entry is the name of a defense, or a map of one name to its settings",
		"[7]":                                    "7 in a stack: each entry is",
		"[{cutmix: {alfa: 1}}]":                  `cutmix: unknown field "alfa"`,
		"[{cutmix: {alpha: big}}]":               "cutmix: alpha is a string: it must be a float64",
		"[{agent_augmentation: {clean: .nan}}]":  "unsupported value",
		"[{agent_augmentation: {agents: 1e99}}]": "agent_augmentation: agents is a number 1e+99: it must be a int",
	} {
		_, err := decode(text)
		require.ErrorContains(t, err, reason, "%s", text)
	}
}

func TestBadDefendersAreRefused(t *testing.T) {
	for text, reason := range map[string]string{
		"[cutmix, mixup]":                               "cutmix and mixup together: a batch is mixed in one way at most",
		"[pgd, fgsm]":                                   "pgd and fgsm together: both make a batch's adversarial examples: choose one",
		"[{cutmix: {alpha: 0}}]":                        "cutmix: alpha is 0: it must be between 0.05 and 1000",
		"[{mixup: {probability: 1.1}}]":                 "mixup: probability is 1.1: it must be above 0 and at most 1",
		"[{agent_augmentation: {agents: 0}}]":           "agent_augmentation: agents is 0: at least 1 simulated attacker is needed",
		"[{agent_augmentation: {clean: 1}}]":            "agent_augmentation: clean is 1: it must be at least 0 and below 1",
		"[{agent_augmentation: {p1: 2}}]":               "p1 is 2: it must be above 0 and at most 1",
		"[{adversarial_triggers: {share: 0}}]":          "adversarial_triggers: share is 0: it must be above 0 and at most 1",
		"[{adversarial_triggers: {placement: beside}}]": `placement is "beside": it must be add or replace`,
		"[{adversarial_triggers: {range: circle}}]":     `range is "circle"`,
		"[{pgd: {epsilon: 256}}]":                       "pgd: epsilon is 256: it must be above 0 and at most 255, in 8-bit units",
		"[{pgd: {steps: 0}}]":                           "pgd: steps is 0: at least 1 is needed",
		"[{pgd: {step_size: -1}}]":                      "pgd: step_size is -1: it must be above 0",
		"[{pgd: {share: 1.5}}]":                         "pgd: share is 1.5: it must be above 0 and at most 1",
		"[{fgsm: {epsilon: 0}}]":                        "fgsm: epsilon is 0: it must be above 0",
		"[{fgsm: {share: -1}}]":                         "fgsm: share is -1",
		"[{indexing: {mode: grouped}}]":                 "indexing: models is 0: grouped needs at least 1",
		"[{indexing: {models: 3}}]":                     "indexing: models is 3: exact trains one model per agent",
	} {
		stack, err := decode(text)
		require.NoError(t, err, "%s", text)
		err = defenses.ValidateAll([]defenses.Policy{{Name: defenses.None}, {Name: "x", Stack: stack}})
		require.ErrorIs(t, err, defenses.ErrPolicy, "%s", text)
		require.ErrorContains(t, err, reason, "%s", text)
	}
	cut, mixed := mix.Default(), mix.Default()
	for reason, policies := range map[string][]defenses.Policy{
		`"x": the stack is empty: the defender without defenses is called "none"`:   {{Name: "x"}},
		`"none": the stack has cutmix: a defender with defenses needs another name`: {{Name: defenses.None, Stack: defenses.Stack{CutMix: &cut}}},
		"the name must not be empty, nor begin or end with a space":                 {{Name: " ", Stack: defenses.Stack{CutMix: &cut}}},
		"the name must be one line of text":                                         {{Name: "a\nb", Stack: defenses.Stack{CutMix: &cut}}},
		`two defenders are called "cutmix": names must differ`:                      {{Name: "cutmix", Stack: defenses.Stack{CutMix: &cut}}, {Name: "cutmix", Stack: defenses.Stack{MixUp: &mixed}}},
	} {
		err := defenses.ValidateAll(policies)
		require.ErrorIs(t, err, defenses.ErrPolicy, reason)
		require.ErrorContains(t, err, reason)
	}
	spec := defenses.DefaultAgentAugmentation()
	spec.Clean = math.NaN()
	require.Error(t, spec.Validate())
}

// doses generates doses of adversarial training.
func doses() *rapid.Generator[defenses.Dose] {
	return rapid.Custom(func(t *rapid.T) defenses.Dose {
		return defenses.Dose{
			Share:     float64(rapid.IntRange(1, 100).Draw(t, "share")) / 100,
			Placement: rapid.SampledFrom([]defenses.Placement{defenses.Add, defenses.Replace}).Draw(t, "placement"),
		}
	})
}

// specs generates triggers.
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
			s.AgentAugmentation = &defenses.AgentAugmentation{
				Agents: rapid.IntRange(1, 9).Draw(t, "agents"), Clean: rapid.Float64Range(0, 0.99).Draw(t, "clean"), Spec: specs().Draw(t, "spec"),
			}
		}
		if has(defenses.KindAdversarialTriggers) {
			s.AdversarialTriggers = &defenses.AdversarialTriggers{Dose: doses().Draw(t, "dose"), Spec: specs().Draw(t, "spec")}
		}
		if has(defenses.KindCutMix) {
			s.CutMix = &mix.Settings{Alpha: rapid.Float64Range(0.1, 9).Draw(t, "alpha"), Probability: rapid.Float64Range(0.1, 0.5).Draw(t, "probability")}
		}
		if has(defenses.KindMixUp) {
			s.MixUp = &mix.Settings{Alpha: rapid.Float64Range(0.1, 9).Draw(t, "alpha"), Probability: rapid.Float64Range(0.1, 0.5).Draw(t, "probability")}
		}
		epsilon := rapid.Float64Range(0.5, 32).Draw(t, "epsilon")
		if has(defenses.KindPGD) {
			s.PGD = &defenses.PGD{
				Epsilon: epsilon, Steps: rapid.IntRange(1, 9).Draw(t, "steps"), StepSize: rapid.Float64Range(0.5, 9).Draw(t, "step size"),
				RandomStart: rapid.Bool().Draw(t, "random start"), Dose: doses().Draw(t, "dose"),
			}
		} else if has(defenses.KindFGSM) {
			s.FGSM = &defenses.FGSM{Epsilon: epsilon, Dose: doses().Draw(t, "dose")}
		}
		if has(defenses.KindIndexing) {
			s.Indexing = &indexing.Settings{Mode: indexing.Sliced, Models: rapid.IntRange(1, 9).Draw(t, "models")}
		}
		return s
	})
}

func TestStacksSurviveJSONAndYAML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stacks().Draw(t, "stack")
		require.NoError(t, s.Validate())
		data, err := json.Marshal(s)
		require.NoError(t, err)
		var back defenses.Stack
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, s, back)
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(data), string(again))

		text, err := yaml.Marshal(s)
		require.NoError(t, err)
		read, err := decode(string(text))
		require.NoError(t, err, "%s", text)
		require.Equal(t, s, read)

		trained := s.Training()
		require.Nil(t, trained.Indexing)
		trained.Indexing = s.Indexing
		require.Equal(t, s, trained)
		require.Equal(t, len(s.Kinds()) == 0, s.Empty())
	})
}

// TestCanonicalJSON pins down the bytes that a cell's identity is made of.
func TestCanonicalJSON(t *testing.T) {
	for text, want := range map[string]string{
		"[]":                                    `[]`,
		"[indexing]":                            `[{"indexing":{"mode":"exact"}}]`,
		"[mixup, {cutmix: {probability: 0.5}}]": `[{"cutmix":{"alpha":1,"probability":0.5}},{"mixup":{"alpha":1,"probability":1}}]`,
		"[agent_augmentation]":                  `[{"agent_augmentation":{"agents":10,"clean":0.4,"p1":0.2,"p2":0.2,"range":"per_dimension"}}]`,
		"[adversarial_triggers]":                `[{"adversarial_triggers":{"share":0.5,"placement":"add","p1":0.2,"p2":0.2,"range":"per_dimension"}}]`,
		"[fgsm, pgd]": `[{"pgd":{"epsilon":8,"steps":7,"step_size":2,"random_start":true,"share":1,"placement":"add"}},` +
			`{"fgsm":{"epsilon":8,"share":1,"placement":"add"}}]`,
	} {
		s, err := decode(text)
		require.NoError(t, err)
		data, err := json.Marshal(s)
		require.NoError(t, err)
		require.Equal(t, want, string(data))
	}
	require.Equal(t, "none", defenses.Stack{}.String())
}

func TestFits(t *testing.T) {
	scale := defenses.Scale{Contributed: 20, Agents: 5, Epochs: 4, Batch: 32}
	for text, reason := range map[string]string{
		"[]":                                       "",
		"[agent_augmentation]":                     "",
		"[adversarial_triggers]":                   "",
		"[indexing]":                               "",
		"[{agent_augmentation: {agents: 13}}]":     "agents is 13: of the defender's 20 contributed images 12 are stamped (clean is 0.4), fewer than simulated attackers: choose at most 12",
		"[{pgd: {share: 0.015}}]":                  "pgd: share is 0.015: of a batch of 32 images that is none",
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
