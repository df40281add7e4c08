package plan_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/internal/enginetest"
)

// elsewhere are the keys that choose images, files or resources. What they change is not part of a plan
// on given images; no other setting takes their effect away, or config refuses that (data.path).
var elsewhere = []string{"store", "device", "workers", "threads", "data.name", "data.path", "data.split", "data.dir", "data.resize", "data.contributors"}

// others are values of a key beside its default, in the notation of the command line.
var others = map[string][]string{
	"attackers.counts": {"1", "3", "2,3"}, "attackers.singles": {"0", "1"}, "attackers.label": {"north"}, "attackers.labels": {"random"},
	"attackers.targets": {"north,west,south,east"}, "attackers.rates": {"0.45", "0.45,0.6,0.7"}, "attackers.colluders": {"1=0"}, "attackers.seats": {"1", "2,0"},
	"trigger.files": {"PICTURE", "PICTURE,PICTURE2"}, "defenders": {"none,cutmix", "none,indexing"}, "trigger.min_single_asr": {"0.5"},
	"indexing.models": {"2"}, "train.batch": {"8"}, "train.epochs": {"4"}, "pool.size": {"300"}, "model.width": {"2"}, "seed": {"7"},
	"trigger.colour": {"white", "#010203"}, "attackers.sources": {"north", "west"}, "trigger.side": {"5"}, "trigger.alpha": {"0.5"}, "train.momentum": {"0.5"}, "train.weight_decay": {"0.01"},
}

// contexts are settings that take the effect of others away, or give it.
var contexts = []string{
	"", "attackers.counts=1", "attackers.counts=1,3", "attackers.singles=0", "attackers.labels=random", "attackers.labels=list attackers.targets=north,west",
	"attackers.p0=0.5 attackers.p1=0.5 attackers.p2=0.5", "attackers.p0=0.5", "attackers.rates=0.4,0.5", "trigger.sampling=per_image", "trigger.jitter=0.5", "trigger.jitter=1",
	"trigger.kind=image trigger.files=PICTURE,PICTURE2", "trigger.kind=square", "trigger.kind=checkerboard", "trigger.kind=patch", "trigger.kind=wanet", "trigger.kind=two",
	"model.architecture=resnet9", "attackers.mapping=all_to_all", "attackers.mapping=source_specific attackers.sources=north,south", "trigger.min_single_asr=0.5",
	"train.optimizer=adam", "train.momentum=0", "deal.seats=4", "deal.seats=4 attackers.seats=1,3", "attackers.colluders=1=0",
	"defenders=none,cutmix", "defenders=none,agent_augmentation", "defenders=none,indexing", "defenders=none,indexing_grouped indexing.models=2",
	"defenders=none,indexing_unknown", "defenders=none,adversarial_triggers", "defenders=none,pgd", "asr.denominator=pooled",
}

// valuesOf returns values of a key other than its default.
func valuesOf(key config.Key) []string {
	if values, ok := others[key.Name]; ok {
		return values
	}
	switch {
	case len(key.Oneof) > 0:
		return slices.DeleteFunc(slices.Clone(key.Oneof), func(word string) bool { return word == key.Default })
	case key.Default == "true":
		return []string{"false"}
	case key.Default == "false":
		return []string{"true"}
	}
	return []string{"0.3", "2", "3"}
}

// fingerprint returns all that a plan depends on: its hash, its cells and its artefacts.
func fingerprint(t *testing.T, cfg config.Config) (string, error) {
	t.Helper()
	var points []plan.SweepPoint
	for _, p := range (config.Point{Config: cfg}).Trainings() {
		points = append(points, plan.SweepPoint{Config: p.Config, Verify: p.Verify, Training: p.Training})
	}
	sweep, err := plan.NewSweep(context.Background(), points, enginetest.Loader)
	if err != nil {
		return "", err
	}
	hash, err := sweep.Hash()
	require.NoError(t, err)
	text := hash + fmt.Sprint(plan.ArtefactsOf(cfg))
	for _, c := range sweep.Cells {
		hash, err := c.Hash()
		require.NoError(t, err)
		text += hash
	}
	return text, nil
}

// Each key, in each context, has an effect on the plan, or is refused, or the configuration tells that it has
// none.
func TestEachSettingHasAnEffectOrIsTold(t *testing.T) {
	pictures := strings.NewReplacer("PICTURE2", enginetest.PictureFile(t, "b.png", 8, 200), "PICTURE", enginetest.PictureFile(t, "a.png", 8, 90))
	base := []string{
		"attackers.counts=2", "attackers.singles=1", "attackers.label=east", "attackers.p=0.5", "model.width=1", "train.epochs=3", "train.batch=16",
	}
	seen, silent := map[string]bool{}, map[string][]string{}
	for _, context := range contexts {
		with := append(slices.Clone(base), strings.Fields(pictures.Replace(context))...)
		before, err := config.Load(config.Options{Sets: with})
		if err != nil { // attackers.p of base
			with = slices.DeleteFunc(with, func(set string) bool { return set == "attackers.p=0.5" || set == "attackers.label=east" })
			before, err = config.Load(config.Options{Sets: with})
		}
		require.NoError(t, err, context)
		was, err := fingerprint(t, before.Config)
		require.NoError(t, err, context)
		for _, key := range config.Keys() {
			if slices.Contains(elsewhere, key.Name) {
				continue
			}
			for _, value := range valuesOf(key) {
				set := key.Name + "=" + pictures.Replace(value)
				if slices.Contains(with, set) || set == "deal.seats=n" { // the same deal where all games have as many attackers
					continue
				}
				after, err := config.Load(config.Options{Sets: append(slices.Clone(with), set)})
				if err != nil {
					seen[key.Name] = true
					continue
				}
				if reflect.DeepEqual(before.Config, after.Config) {
					continue
				}
				now, err := fingerprint(t, after.Config)
				told := slices.ContainsFunc(after.Notices, func(notice string) bool { return strings.HasPrefix(notice, key.Name+" = ") })
				if err != nil || now != was || told {
					seen[key.Name] = true
					require.False(t, err == nil && now != was && told, "%s with %q has an effect", set, context)
					continue
				}
				silent[key.Name] = append(silent[key.Name], set+" with "+context)
			}
		}
	}
	for name, sets := range silent {
		t.Errorf("%s has no effect, and nothing tells so, in %d cases, such as %s", name, len(sets), strings.Join(sets[:min(4, len(sets))], "; "))
	}
	for _, key := range config.Keys() {
		require.True(t, seen[key.Name] || slices.Contains(elsewhere, key.Name), "no value of %s was tried", key.Name)
	}
}
