package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// withoutEffect are settings that the rest of a configuration leaves without effect.
var withoutEffect = []struct{ sets, want string }{
	{"attackers.rates=0.1,0.2,0.3 attackers.counts=2", "config: attackers.rates = 0.1,0.2,0.3 (--set): has 3 rates, but no game has more than 2 attackers (attackers.counts)"},
	{"attackers.rates=0.1 attackers.p0=0.1 attackers.p1=0.1 attackers.p2=0.1", "config: attackers.rates = 0.1 (--set): has no effect: attackers.p0, p1 and p2 replace it"},
	{"attackers.p=0.5 attackers.p0=0.1 attackers.p1=0.1 attackers.p2=0.1", "config: attackers.p = 0.5 (--set): has no effect: attackers.p0, p1 and p2 replace it"},
	{"attackers.p=0.5 attackers.rates=0.1,0.2 attackers.counts=1,2", "config: attackers.p = 0.5 (--set): has no effect: attackers.rates has a value for every attacker"},
	{"attackers.colluders=1=0,5=0", "config: attackers.colluders = 1=0,5=0 (--set): has 5=0, but no game has more than 5 attackers, numbered from 0 (attackers.counts)"},
	{"attackers.labels=list attackers.targets=a,b,c attackers.counts=2", "config: attackers.targets = a,b,c (--set): has 3 target labels, but no game has more than 2 attackers (attackers.counts)"},
	{"attackers.label=cat attackers.labels=random", "config: attackers.label = cat (--set): has no effect with attackers.labels = random"},
	{"trigger.kind=image trigger.files=a,b,c attackers.counts=2", "config: trigger.files = a,b,c (--set): has 3 pictures, but no game has more than 2 attackers (attackers.counts)"},
	{"trigger.kind=image trigger.files=a attackers.counts=1 trigger.range=area", "config: trigger.range = area (--set): has no effect with trigger.kind = image"},
	{"trigger.kind=image trigger.files=a attackers.counts=1 attackers.p1=0.1", "config: attackers.p1 = 0.1 (--set): has no effect with trigger.kind = image"},
	{"trigger.kind=image trigger.files=a attackers.counts=1 attackers.p2=0.1", "config: attackers.p2 = 0.1 (--set): has no effect with trigger.kind = image"},
	{"trigger.kind=image trigger.files=a attackers.counts=1 attackers.p0=0.1 attackers.p=0.3", "config: attackers.p = 0.3 (--set): has no effect: attackers.p0, p1 and p2 replace it"},
	{"trigger.range=whole attackers.p1=0.1", "config: attackers.p1 = 0.1 (--set): has no effect with trigger.range = whole"},
	{"trigger.range=whole attackers.p=0.1 attackers.p0=0.1 attackers.p2=0.1", "config: attackers.p = 0.1 (--set): has no effect: attackers.p0, p1 and p2 replace it"},
	{"attackers.budget=any attackers.label_mode=clean", "config: attackers.budget = any (--set): has no effect with attackers.label_mode = clean"},
	{"trigger.kind=square attackers.p2=0.1", "config: attackers.p2 = 0.1 (--set): has no effect with trigger.kind = square"},
	{"trigger.min_single_asr=0.8 trigger.sampling=per_image", "config: trigger.min_single_asr = 0.8 (--set): has no effect with trigger.sampling = per_image"},
	{"trigger.min_single_asr=0.8 trigger.jitter=1", "config: trigger.min_single_asr = 0.8 (--set): has no effect with trigger.jitter = 1: every image has a pattern of its own"},
	{"trigger.min_single_asr=0.8 attackers.singles=0", "config: trigger.min_single_asr = 0.8 (--set): has no effect with attackers.singles = 0: no attacker is played alone"},
	{"attackers.poison_rates=0.1,0.2,0.3 attackers.counts=2", "config: attackers.poison_rates = 0.1,0.2,0.3 (--set): has 3 rates, but no game has more than 2 attackers (attackers.counts)"},
	{"attackers.trigger_sizes=0.1,0.2,0.3 attackers.counts=2", "config: attackers.trigger_sizes = 0.1,0.2,0.3 (--set): has 3 sizes, but no game has more than 2 attackers (attackers.counts)"},
	{"attackers.trigger_sizes=0.1 trigger.kind=image trigger.files=a attackers.counts=1", "config: attackers.trigger_sizes = 0.1 (--set): has no effect with trigger.kind = image"},
	{"attackers.p0=0.5 attackers.poison_rates=0.1,0.2 attackers.counts=2", "config: attackers.p0 = 0.5 (--set): has no effect with attackers.poison_rates, which has a value for every attacker"},
	{"attackers.p2=0.5 attackers.trigger_sizes=0.1,0.2 attackers.counts=2", "config: attackers.p2 = 0.5 (--set): has no effect with attackers.trigger_sizes, which has a value for every attacker"},
	{"attackers.p=0.5 attackers.poison_rates=0.1 attackers.trigger_sizes=0.1 attackers.counts=1", "config: attackers.p = 0.5 (--set): has no effect: attackers.p0, p1 and p2, poison_rates or trigger_sizes replace it"},
	{"attackers.rates=0.5 attackers.poison_rates=0.1 attackers.trigger_sizes=0.1 attackers.counts=2", "config: attackers.rates = 0.5 (--set): has no effect: attackers.p0, p1 and p2, poison_rates or trigger_sizes replace it"},
	{"train.momentum=0.5 train.optimizer=adam", "config: train.momentum = 0.5 (--set): has no effect with train.optimizer = adam"},
}

func TestSettingsWithoutEffectAreRefused(t *testing.T) {
	for _, tc := range withoutEffect {
		_, err := config.Load(config.Options{Sets: strings.Fields(tc.sets)})
		require.EqualError(t, err, tc.want)
		require.ErrorIs(t, err, config.ErrInvalid)
	}
}

func TestSettingsWithEffectAreAccepted(t *testing.T) {
	for _, sets := range []string{
		"attackers.rates=0.1,0.2 attackers.counts=1,2",
		"attackers.rates=0.1 attackers.p0=0.1 attackers.p1=0.1",
		"attackers.p=0.5 attackers.rates=0.1 attackers.counts=2",
		"attackers.p=0.5 attackers.poison_rates=0.1 attackers.trigger_sizes=0.1 attackers.counts=2",
		"attackers.rates=0.5 attackers.poison_rates=0.1 attackers.counts=1",
		"attackers.colluders=1=0 attackers.counts=1,2",
		"attackers.label=#2 attackers.labels=random", // the default
		"trigger.kind=image trigger.files=a attackers.counts=1 trigger.range=area defenders=cutmix+agent_augmentation",
		"trigger.kind=image trigger.files=a attackers.counts=1 attackers.p=0.3",
		"trigger.kind=square attackers.p1=0.1",
		"trigger.range=whole attackers.p2=0.1 attackers.budget=any",
		"trigger.kind=orthogonal attackers.p1=0.5 attackers.p2=0.5",
		"trigger.min_single_asr=0.8 attackers.counts=1",
		"train.optimizer=adam train.momentum=0.9",
		"cutmix.alpha=0.5 indexing.models=3",
		"pgd.epsilon=1 pgd.step_size=0.1 fgsm.epsilon=1",
	} {
		_, err := config.Load(config.Options{Sets: strings.Fields(sets)})
		require.NoError(t, err, sets)
	}
	// Presets and the program's sweeps set what other settings make useless.
	_, err := config.Load(config.Options{Preset: "paper", Sets: []string{"attackers.labels=random", "train.optimizer=adam"}})
	require.NoError(t, err)
	_, err = config.LoadSweep("table1", config.Options{Sets: []string{"trigger.sampling=per_image"}}, 0)
	require.NoError(t, err)
}

// Settings of defenses that no defender reads are told: a file may keep them for later.
func TestSettingsOfOtherDefensesAreTold(t *testing.T) {
	for sets, want := range map[string]string{
		"cutmix.alpha=0.5":                                                       "cutmix.alpha = 0.5 (--set): has no effect: no defender has cutmix",
		"cutmix.alpha=0.5 defenders=none,cutmix":                                 "",
		"cutmix.alpha=0.5 defenders=cutmix(alpha=0.2)":                           "cutmix.alpha = 0.5 (--set): has no effect with defenders = cutmix(alpha=0.2)",
		"cutmix.alpha=0.5 defenders=cutmix(alpha=0.2),cutmix(probability=0.5)":   "",
		"indexing.models=3 indexing.mode=grouped defenders=indexing(mode=exact)": "indexing.mode = grouped (--set): has no effect with defenders = indexing(mode=exact)\nindexing.models = 3 (--set): has no effect with defenders = indexing(mode=exact)",
		"indexing.models=3 defenders=indexing indexing.mode=sliced":              "",
		"indexing.batch=7 defenders=mixup,indexing":                              "indexing.batch = 7 (--set): has no effect with defenders = mixup,indexing",
		"indexing.batch=7 defenders=mixup,indexing_unknown+mixup":                "",
		"mixup.alpha=" + defaultOf(t, "mixup.alpha"):                             "",
	} {
		resolved, err := config.Load(config.Options{Sets: strings.Fields(sets)})
		require.NoError(t, err, sets)
		require.Equal(t, want, strings.Join(resolved.Notices, "\n"), sets)
	}
	// In a sweep, one point that reads the setting is enough.
	sweep, err := load(t, "name: s\nbase: {cutmix.alpha: 0.5, pgd.steps: 3}\ngrid: {defenders: [[none], [none, cutmix]]}", config.Options{}, 0)
	require.NoError(t, err)
	require.Len(t, sweep.Notices, 1)
	require.Contains(t, sweep.Notices[0], "pgd.steps = 3 (file ")
	require.Contains(t, sweep.Notices[0], "has no effect: no defender has pgd")
}

// defaultOf returns the default of a key.
func defaultOf(t *testing.T, name string) string {
	t.Helper()
	for _, key := range config.Keys() {
		if key.Name == name {
			return key.Default
		}
	}
	t.Fatal(name)
	return ""
}

// In a sweep, a setting needs one point that reads it.
func TestSweepsWithSettingsWithoutEffect(t *testing.T) {
	for _, text := range []string{
		"base: {attackers.rates: [0.1, 0.3, 0.3]}\ngrid: {attackers.counts: [[1], [3]]}",
		"base: {trigger.range: area, attackers.counts: [1], trigger.files: []}\nlist:\n- {trigger.kind: image, trigger.files: [a]}\n- {trigger.kind: dots}",
		"base: {train.momentum: 0.5}\ngrid: {train.optimizer: [sgd, adam]}",
		"base: {trigger.min_single_asr: 0.5, attackers.singles: 0}\nverify: {attackers.singles: 5}",
	} {
		_, err := load(t, "name: s\n"+text, config.Options{}, 0)
		require.NoError(t, err, text)
	}
	for text, want := range map[string]string{
		"base:\n  attackers.rates: [0.1, 0.3, 0.3]\ngrid: {attackers.counts: [[1], [2]]}":                      "config: attackers.rates = 0.1,0.3,0.3 (file FILE:3, point attackers.counts = 1): has 3 rates, but no game has more than 1 attacker (",
		"base: {train.optimizer: adam}\ngrid: {train.momentum: [0.9, 0.5]}":                                    "config: train.momentum = 0.5 (file FILE:3, value 2, point train.momentum = 0.5): has no effect with train.optimizer = adam",
		"list:\n- {trigger.kind: image, trigger.files: [a], attackers.counts: [1], trigger.range: area}\n- {}": "config: trigger.range = area (file FILE:3, point ",
	} {
		file := writeFile(t, "name: s\n"+text)
		_, err := config.LoadSweep(file, config.Options{}, 0)
		require.ErrorContains(t, err, strings.ReplaceAll(want, "FILE", file))
		require.ErrorIs(t, err, config.ErrInvalid)
	}
}
