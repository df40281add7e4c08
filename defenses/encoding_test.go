package defenses_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/defenses/mix"
)

// decode reads a stack from YAML.
func decode(text string) (defenses.Stack, error) {
	var s defenses.Stack
	err := yaml.Unmarshal([]byte(text), &s)
	return s, err
}

func TestStacksAreRead(t *testing.T) {
	augmentation := *defaultOf[defenses.AgentAugmentation](t, defenses.KindAgentAugmentation)
	augmentation.Agents = 3
	exact, cut := indexing.Default(), *defaultOf[mix.Settings](t, defenses.KindCutMix)
	for text, want := range map[string]defenses.Stack{
		"[]":       {},
		"[cutmix]": defenses.NewStack(defenses.KindCutMix, &cut),
		"[indexing, {agent_augmentation: {agents: 3}}]": defenses.NewStack(defenses.KindAgentAugmentation, &augmentation).With(defenses.KindIndexing, &exact),
		`
- cutmix: {probability: 0.25}
- pgd: {epsilon: 4, random_start: false, share: 0.5, placement: replace}
- mixup: {alpha: 0.2, probability: 0.5}
- adversarial_triggers:
- indexing: {mode: grouped, models: 4}
`: defenses.NewStack(defenses.KindAdversarialTriggers, defaultOf[defenses.AdversarialTriggers](t, defenses.KindAdversarialTriggers)).
			With(defenses.KindCutMix, &mix.Settings{Alpha: 1, Probability: 0.25}).
			With(defenses.KindMixUp, &mix.Settings{Alpha: 0.2, Probability: 0.5}).
			With(defenses.KindPGD, &defenses.PGD{
				Epsilon: 4, Steps: 7, StepSize: 2,
				Dose: defenses.Dose{Share: 0.5, Placement: defenses.Replace},
			}).
			With(defenses.KindIndexing, &indexing.Settings{Mode: indexing.Grouped, Models: 4}),
	} {
		stack, err := decode(text)
		require.NoError(t, err, text)
		require.Equal(t, want, stack)
	}
}

func TestMalformedStacksAreRefused(t *testing.T) {
	for text, reason := range map[string]string{
		"cutmix":                                 "a stack must be a list of defenses",
		"[cutmx]":                                `there is no defense "cutmx": choose one of [agent_augmentation adversarial_triggers proactive_backdoor cutmix mixup pgd fgsm spectral_signatures activation_clustering loss_isolation perfect_filter fine_tuning fine_pruning neuron_pruning exec indexing]`,
		"[cutmix, cutmix]":                       "the stack has cutmix twice",
		"[indexing, {indexing: {mode: exact}}]":  "the stack has indexing twice",
		"[{cutmix: {}, mixup: {}}]":              "each entry must be the name of a defense, or a map from one name to its settings",
		"[7]":                                    "7 in a stack: each entry must be",
		"[{cutmix: {alfa: 1}}]":                  `cutmix: unknown field "alfa"`,
		"[{cutmix: {alpha: big}}]":               "cutmix: alpha is a string: it must be a float64",
		"[{agent_augmentation: {clean: .nan}}]":  "unsupported value",
		"[{agent_augmentation: {agents: 1e99}}]": "agent_augmentation: agents is a number 1e+99: it must be a int",
	} {
		_, err := decode(text)
		require.ErrorContains(t, err, reason, "%s", text)
	}
}

func TestStacksSurviveJSONAndYAML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stacks().Draw(t, "stack")
		require.NoError(t, s.Validate())
		data, err := json.Marshal(s)
		require.NoError(t, err)
		var restored defenses.Stack
		require.NoError(t, json.Unmarshal(data, &restored))
		require.Equal(t, s, restored)
		rewritten, err := json.Marshal(restored)
		require.NoError(t, err)
		require.Equal(t, string(data), string(rewritten))

		text, err := yaml.Marshal(s)
		require.NoError(t, err)
		read, err := decode(string(text))
		require.NoError(t, err, "%s", text)
		require.Equal(t, s, read)

		trained := s.Training()
		index := defenses.Get[indexing.Settings](s, defenses.KindIndexing)
		require.Nil(t, defenses.Get[indexing.Settings](trained, defenses.KindIndexing))
		if index != nil {
			trained = trained.With(defenses.KindIndexing, index)
		}
		require.Equal(t, s, trained)
		require.Equal(t, len(s.Kinds()) == 0, s.Empty())
	})
}

// TestCanonicalJSON pins the bytes that are part of a result's identity.
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
