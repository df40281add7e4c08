package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// badDefenses returns settings of defenders that are refused, with words of the error.
func badDefenses() map[string]string {
	return map[string]string{
		// a stack that contradicts itself
		"defenders=indexing+indexing_grouped indexing.models=2": "a defender has one way of indexing",
		"defenders=cutmix+cutmix":                               "has cutmix twice",
		"defenders=cutmix,cutmix":                               "names cutmix twice",
		"defenders=none+cutmix":                                 "none stands alone",
		"defenders=cutmix+":                                     "names nothing in \"cutmix+\", where a defense belongs",
		"defenders=cutmx":                                       "the nearest one is cutmix",
		"defenders=pgd+fgsm":                                    "pgd and fgsm together: both make a batch's adversarial examples: choose one",
		"defenders=cutmix+mixup":                                "a batch is mixed in one way at most, but their probabilities 1 and 1 add up to more than 1",
		"defenders=cutmix+mixup cutmix.probability=0.6 mixup.probability=0.6": "probabilities 0.6 and 0.6 add up to more than 1",
		// shares outside their ranges
		"agent_augmentation.clean=1":    "must be a number, at least 0 and below 1",
		"agent_augmentation.clean=-0.1": "must be a number, at least 0 and below 1",
		"agent_augmentation.clean=nan":  "must be a number, at least 0 and below 1",
		"agent_augmentation.p1=0":       "must be a number, above 0 and at most 1",
		"agent_augmentation.p2=1.5":     "must be a number, above 0 and at most 1",
		"cutmix.probability=1.5":        "must be a number, above 0 and at most 1",
		"mixup.probability=-0.1":        "must be a number, above 0 and at most 1",
		"adversarial_triggers.share=2":  "must be a number, above 0 and at most 1",
		"pgd.share=0":                   "must be a number, above 0 and at most 1",
		"fgsm.share=1.1":                "must be a number, above 0 and at most 1",
		"deal.defender_share=1.1":       "must be a number, above 0 and below 1",
		"deal.held_out=0":               "must be a number, above 0 and below 1",
		"attackers.p=1.2":               "must be a number from 0 to 1",
		"fgsm.epsilon=-8":               "must be a number, above 0 and at most 255",
		"pgd.epsilon=300":               "must be a number, above 0 and at most 255",
		"defenders=adversarial_triggers adversarial_triggers.share=0.001": "share is 0.001: of a batch of 32 images that is none",
		// numbers
		"agent_augmentation.agents=0": "must be a whole number, at least 1",
		"pgd.steps=0":                 "must be a whole number, at least 1",
		"indexing.batch=1":            "must be a whole number, at least 2",
		"indexing.unlearn_steps=0":    "must be a whole number, at least 1",
		"indexing.unlearn_lr=0":       "must be a number, above 0",
		"attackers.counts=0":          "must be a list of whole numbers, each at least 1",
		"defenders=agent_augmentation agent_augmentation.agents=961": "of the defender's 1600 contributed images 960 are stamped (clean is 0.4), fewer than simulated attackers: choose at most 960",
		"defenders=indexing indexing.models=2":                       "must be 0 with defenders = indexing, none of which reads it",
		"defenders=indexing_grouped":                                 "must be at least 1 with defender indexing_grouped",
		"defenders=indexing_grouped indexing.models=4":               "models is 4, more than the 3 agents: choose at most 3",
		"defenders=indexing_sliced indexing.models=3 train.epochs=2": "models is 3 slices, more than the 2 epochs, of which each slice needs one: choose at most 2",
		"defenders=indexing_unknown indexing.update=pick":            "must be at least 1 with defender indexing_unknown",
		// choices
		"adversarial_triggers.placement=over": "must be one of add, replace",
		"indexing.similarity=cosine":          "must be one of spectral_signatures",
		"indexing.update=forget":              "must be one of retrain, pick, unlearn",
	}
}

// An impossible setting of a defender is refused from the command line before anything
// is trained, in one sentence with the fault and the allowed values.
func TestBadDefensesAreRefused(t *testing.T) {
	engine := testEngine(t)
	for sets, words := range badDefenses() {
		args := []string{"--preset", "quick", "--attackers", "3", "--store", t.TempDir()}
		for set := range strings.FieldsSeq(sets) {
			args = append(args, "--set", set)
		}
		streams, stdout, stderr := testStreams()
		command := newCmdRun(streams, func(ctx context.Context, opts *SweepOptions) error {
			opts.Describe, opts.Worker = engine.Describe, engine.Worker
			return runSweep(ctx, opts)
		})
		code := execute(context.Background(), command, args, streams)
		require.Equal(t, ExitUsage, code, "%s: %s", sets, stderr.String())
		require.Empty(t, stdout.String(), sets)
		sentence, rest, _ := strings.Cut(stderr.String(), "\n")
		require.Contains(t, sentence, words, sets)
		require.Empty(t, rest, sets)
	}
}
