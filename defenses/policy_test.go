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

// decode reads a YAML list of defenders as a configuration does.
func decode(text string) ([]defenses.Policy, error) {
	var tree any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		return nil, err
	}
	return defenses.Decode(tree)
}

func TestDefendersAsTheyAreWritten(t *testing.T) {
	policies, err := decode(`
- none
- cutmix
- stack: [indexing, {agent_augmentation: {agents: 3}}]
- name: all at once
  stack:
    - cutmix: {probability: 0.25}
    - pgd: {epsilon: 4, random_start: false, share: 0.5, placement: replace}
    - mixup: {alpha: 0.2, probability: 0.5}
    - adversarial_triggers:
    - indexing: {mode: grouped, models: 4}
`)
	require.NoError(t, err)
	augmentation := defenses.DefaultAgentAugmentation()
	augmentation.Agents = 3
	triggered, exact, cut := defenses.DefaultAdversarialTriggers(), indexing.Default(), mix.Default()
	require.Equal(t, []defenses.Policy{
		defenses.Undefended(),
		{Name: "cutmix", Stack: defenses.Stack{CutMix: &cut}},
		{Name: "agent_augmentation+indexing", Stack: defenses.Stack{AgentAugmentation: &augmentation, Indexing: &exact}},
		{Name: "all at once", Stack: defenses.Stack{
			AdversarialTriggers: &triggered,
			CutMix:              &mix.Settings{Alpha: 1, Probability: 0.25},
			MixUp:               &mix.Settings{Alpha: 0.2, Probability: 0.5},
			PGD: &defenses.PGD{
				Epsilon: 4, Steps: 7, StepSize: 2,
				Dose: defenses.Dose{Share: 0.5, Placement: defenses.Replace},
			},
			Indexing: &indexing.Settings{Mode: indexing.Grouped, Models: 4},
		}},
	}, policies)
}

func TestBadDefendersAreRefused(t *testing.T) {
	for text, reason := range map[string]string{
		"none":                        "cannot unmarshal",
		"[cutmx]":                     `there is no defense "cutmx": choose of [agent_augmentation adversarial_triggers cutmix mixup pgd fgsm indexing]`,
		"[{stack: [cutmix, cutmix]}]": "the stack has cutmix twice",
		"[{stack: [indexing, {indexing: {mode: exact}}]}]": "the stack has indexing twice",
		"[{stack: [{cutmix: {}, mixup: {}}]}]":             "each entry is the name of a defense, or a map of one name to its settings",
		"[{stack: [7]}]":                                   "7 in a stack: each entry is",
		"[{stack: cutmix}]":                                "a stack is a list of defenses",
		"[{stack: [{cutmix: {alfa: 1}}]}]":                 `cutmix: unknown field "alfa"`,
		"[{stack: [{cutmix: {alpha: big}}]}]":              "cutmix: alpha is a string: it must be a float64",
		"[{stacks: [cutmix]}]":                             `unknown field "stacks"`,
		"[{name: x, stack: []}]":                           `"x": the stack is empty: the defender without defenses is called "none"`,
		"[{name: none, stack: [cutmix]}]":                  `"none": the stack has cutmix: a defender with defenses needs another name`,
		"[{name: ' ', stack: [cutmix]}]":                   "the name must not be empty, nor begin or end with a space",
		`[{name: "a\nb", stack: [cutmix]}]`:                "the name must be one line of text",
		"[cutmix, {name: cutmix, stack: [mixup]}]":         `two defenders are called "cutmix": names must differ`,

		"[{stack: [cutmix, mixup]}]":                                  "cutmix and mixup together: a batch is mixed in one way at most",
		"[{stack: [pgd, fgsm]}]":                                      "pgd and fgsm together: both make a batch's adversarial examples: choose one",
		"[{stack: [{cutmix: {alpha: 0}}]}]":                           "cutmix: alpha is 0: it must be between 0.05 and 1000",
		"[{stack: [{mixup: {probability: 1.1}}]}]":                    "mixup: probability is 1.1: it must be above 0 and at most 1",
		"[{stack: [{agent_augmentation: {agents: 0}}]}]":              "agent_augmentation: agents is 0: at least 1 simulated attacker is needed",
		"[{stack: [{agent_augmentation: {clean: 1}}]}]":               "agent_augmentation: clean is 1: it must be at least 0 and below 1",
		"[{stack: [{agent_augmentation: {p1: 2}}]}]":                  "p1 is 2: it must be above 0 and at most 1",
		"[{stack: [{adversarial_triggers: {share: 0}}]}]":             "adversarial_triggers: share is 0: it must be above 0 and at most 1",
		"[{stack: [{adversarial_triggers: {placement: beside}}]}]":    `placement is "beside": it must be add or replace`,
		"[{stack: [{adversarial_triggers: {range: circle}}]}]":        `range is "circle"`,
		"[{stack: [{pgd: {epsilon: 256}}]}]":                          "pgd: epsilon is 256: it must be above 0 and at most 255, in 8-bit units",
		"[{stack: [{pgd: {steps: 0}}]}]":                              "pgd: steps is 0: at least 1 is needed",
		"[{stack: [{pgd: {step_size: -1}}]}]":                         "pgd: step_size is -1: it must be above 0",
		"[{stack: [{pgd: {share: 1.5}}]}]":                            "pgd: share is 1.5: it must be above 0 and at most 1",
		"[{stack: [{fgsm: {epsilon: 0}}]}]":                           "fgsm: epsilon is 0: it must be above 0",
		"[{stack: [{fgsm: {share: -1}}]}]":                            "fgsm: share is -1",
		"[{stack: [{indexing: {mode: grouped}}]}]":                    "indexing: models is 0: grouped needs at least 1",
		"[{stack: [{indexing: {models: 3}}]}]":                        "indexing: models is 3: exact trains one model per agent",
		"[{stack: [{agent_augmentation: {agents: 3, clean: .nan}}]}]": "unsupported value",
	} {
		_, err := decode(text)
		require.ErrorIs(t, err, defenses.ErrPolicy, "%s", text)
		require.ErrorContains(t, err, reason, "%s", text)
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

		p := defenses.Policy{Name: "x", Stack: s}
		text, err := yaml.Marshal(p)
		require.NoError(t, err)
		var read defenses.Policy
		require.NoError(t, yaml.Unmarshal(text, &read), "%s", text)
		require.Equal(t, p, read)

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
		var s defenses.Stack
		require.NoError(t, yaml.Unmarshal([]byte(text), &s))
		data, err := json.Marshal(s)
		require.NoError(t, err)
		require.Equal(t, want, string(data))
	}
	require.Equal(t, "none", defenses.Stack{}.String())
}

func TestFits(t *testing.T) {
	scale := defenses.Scale{Contributed: 20, Agents: 5, Epochs: 4, Batch: 32}
	for text, reason := range map[string]string{
		"none":                 "",
		"agent_augmentation":   "",
		"adversarial_triggers": "",
		"indexing":             "",
		"{stack: [{agent_augmentation: {agents: 13}}]}":     "agents is 13: of the defender's 20 contributed images 12 are stamped (clean is 0.4), fewer than simulated attackers: choose at most 12",
		"{stack: [{pgd: {share: 0.015}}]}":                  "pgd: share is 0.015: of a batch of 32 images that is none",
		"{stack: [{indexing: {mode: grouped, models: 6}}]}": "indexing: cannot be indexed: models is 6, more than the 5 agents",
		"{stack: [{indexing: {mode: sliced, models: 5}}]}":  "models is 5 slices, more than the 4 epochs",
	} {
		policies, err := decode("[" + text + "]")
		require.NoError(t, err)
		err = policies[0].Fits(scale)
		if reason == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, defenses.ErrPolicy)
		require.ErrorContains(t, err, reason)
	}
}
