package config_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// refusedSettings are changes of a valid configuration that Validate refuses, each with the error.
var refusedSettings = []struct {
	damage func(*config.Config)
	want   string
}{
	{func(c *config.Config) { c.Data.Name = "imagenet" }, "config: data.name = imagenet: must be one of embedded, mnist, fashion-mnist, cifar10, folder"},
	{func(c *config.Config) { c.Data.Name = "folder" }, "config: data.path = : must name the directory or archive of images that data.name = folder reads"},
	{func(c *config.Config) { c.Pool.Size = -1 }, "config: pool.size = -1: must be a whole number, at least 0"},
	{func(c *config.Config) { c.Deal.DefenderShare = 1 }, "config: deal.defender_share = 1: must be a number, above 0 and below 1"},
	{func(c *config.Config) { c.Deal.HeldOut = 0 }, "config: deal.held_out = 0: must be a number, above 0 and below 1"},
	{func(c *config.Config) { c.Attackers.Counts = nil }, "config: attackers.counts = : must name at least one number of attackers"},
	{func(c *config.Config) { c.Attackers.Counts = []int{0} }, "config: attackers.counts = 0: must be a list of whole numbers, each at least 1"},
	{func(c *config.Config) { c.Attackers.Counts = []int{2, 5, 2} }, "config: attackers.counts = 2,5,2: names 2 twice"},
	{func(c *config.Config) { c.Attackers.Singles = -2 }, "config: attackers.singles = -2: must be a whole number, at least -1"},
	{func(c *config.Config) { c.Attackers.Label = "" }, "config: attackers.label = : must name a class with attackers.labels = same"},
	{func(c *config.Config) { c.Attackers.Labels = "list"; c.Attackers.Targets = []string{"1", "2"} }, "config: attackers.targets = 1,2: names 2 target labels for up to 5 attackers (attackers.counts)"},
	{func(c *config.Config) { c.Attackers.Targets = []string{"1"} }, "config: attackers.targets = 1: is read only with attackers.labels = list, not same"},
	{func(c *config.Config) { c.Attackers.P = -0.1 }, "config: attackers.p = -0.1: must be a number from 0 to 1"},
	{func(c *config.Config) { p := math.NaN(); c.Attackers.P1 = &p }, "config: attackers.p1 = NaN: must be a number from 0 to 1"},
	{func(c *config.Config) { c.Attackers.Rates = []float64{0.2, 2} }, "config: attackers.rates = 0.2,2: must be a list of numbers, each from 0 to 1"},
	{func(c *config.Config) { c.Attackers.Colluders = []string{"1"} }, `config: attackers.colluders = 1: has "1": write 1=0 for attacker 1 with the trigger of attacker 0`},
	{func(c *config.Config) { c.Attackers.Colluders = []string{"1=2"} }, "config: attackers.colluders = 1=2: has 1=2: the second number must be that of an earlier attacker"},
	{func(c *config.Config) { c.Attackers.Colluders = []string{"2=0", "2=1"} }, "config: attackers.colluders = 2=0,2=1: names attacker 2 twice"},
	{func(c *config.Config) { c.Attackers.Colluders = []string{"1=0", "2=1"} }, "config: attackers.colluders = 1=0,2=1: has 2=1, but attacker 1 uses the trigger of another attacker: name attacker 0"},
	{func(c *config.Config) { c.Attackers.Colluders, c.Trigger.Sampling = []string{"1=0"}, "per_image" }, "config: attackers.colluders = 1=0: needs trigger.sampling = per_agent: with per_image there is no trigger to share"},
	{func(c *config.Config) { c.Trigger.Jitter, c.Trigger.Sampling = 0.5, "per_image" }, "config: trigger.jitter = 0.5: must be 0 with trigger.sampling = per_image, which draws all pixels afresh"},
	{func(c *config.Config) { c.Trigger.Jitter, c.Trigger.Kind = 0.5, "orthogonal" }, "config: trigger.jitter = 0.5: must be 0 with trigger.kind = orthogonal: its patterns are not drawn for an image"},
	{func(c *config.Config) { c.Trigger.Jitter, c.Attackers.Colluders = 1, []string{"1=0"} }, "config: trigger.jitter = 1: must be below 1 with attackers.colluders: there would be no trigger to share"},
	{func(c *config.Config) { c.Trigger.Jitter = 1.5 }, "config: trigger.jitter = 1.5: must be a number from 0 to 1"},
	{func(c *config.Config) { c.Trigger.Sampling = "per_pixel" }, "config: trigger.sampling = per_pixel: must be one of per_agent, per_image"},
	{func(c *config.Config) { c.Trigger.Files = []string{"a.png"} }, "config: trigger.files = a.png: is read only with trigger.kind = image, not random"},
	{func(c *config.Config) { c.Trigger.Kind, c.Trigger.Files = "image", []string{"a.png", "b.png"} }, "config: trigger.files = a.png,b.png: names no picture for attacker 2 of up to 5 (attackers.counts)"},
	{func(c *config.Config) { c.Trigger.Kind, c.Trigger.Sampling = "image", "per_image" }, "config: trigger.sampling = per_image: must be per_agent with trigger.kind = image: a picture is not drawn at random"},
	{func(c *config.Config) { c.Trigger.Kind, c.Trigger.Sampling = "orthogonal", "per_image" }, "config: trigger.sampling = per_image: must be per_agent with trigger.kind = orthogonal: each attacker has one of a set of patterns"},
	{func(c *config.Config) { c.Attackers.Budget = "all" }, "config: attackers.budget = all: must be one of non_target, any"},
	{func(c *config.Config) { c.Train.StopWhen = "accuracy > 0.9" }, "config: train.stop_when = accuracy > 0.9: must have the form loss < 0.01 or loss < 0.01 for 2 epochs"},
	{func(c *config.Config) { c.Train.StopWhen = "loss < -1" }, "config: train.stop_when = loss < -1: must have the form loss < 0.01 or loss < 0.01 for 2 epochs, with a number above 0"},
	{func(c *config.Config) {
		c.Train.StopWhen, c.Defenders, c.Indexing.Models = "loss < 1", []string{"cutmix+indexing_sliced"}, 2
	}, "config: train.stop_when = loss < 1: has no place beside the defender cutmix+indexing_sliced: agents enter its training in slices, and one that ends early would leave some out"},
	{func(c *config.Config) { c.Model.Width = 0 }, "config: model.width = 0: must be a whole number from 1 to 1024"},
	{func(c *config.Config) { c.Train.Batch = 1 }, "config: train.batch = 1: must be a whole number, at least 2"},
	{func(c *config.Config) { c.Train.LR = math.Inf(1) }, "config: train.lr = +Inf: must be a number, above 0"},
	{func(c *config.Config) { c.Train.Momentum = 1 }, "config: train.momentum = 1: must be a number, at least 0 and below 1"},
	{func(c *config.Config) { c.Train.Nesterov, c.Train.Optimizer = true, "adam" }, "config: train.nesterov = true: needs train.optimizer = sgd with train.momentum above 0"},
	{func(c *config.Config) { c.Train.Nesterov, c.Train.Momentum = true, 0 }, "config: train.nesterov = true: needs train.optimizer = sgd with train.momentum above 0"},
	{func(c *config.Config) { c.Defenders = nil }, "config: defenders = : must name at least one defender, such as none"},
	{func(c *config.Config) { c.Defenders = []string{"cutmx"} }, `config: defenders = cutmx: has "cutmx", which is not a defense; the nearest one is cutmix`},
	{func(c *config.Config) { c.Defenders = []string{"cutmix", "+mixup"} }, `config: defenders = cutmix,+mixup: names nothing in "+mixup", where a defense belongs`},
	{func(c *config.Config) { c.Defenders = []string{"none+cutmix"} }, "config: defenders = none+cutmix: has none together with a defense in none+cutmix: none stands alone"},
	{func(c *config.Config) { c.Defenders = []string{"cutmix+cutmix"} }, "config: defenders = cutmix+cutmix: has cutmix twice in cutmix+cutmix"},
	{func(c *config.Config) { c.Defenders = []string{"cutmix+indexing", "none", "indexing+cutmix"} }, "config: defenders = cutmix+indexing,none,indexing+cutmix: names indexing+cutmix twice"},
	{func(c *config.Config) { c.Defenses.Set("pgd.epsilon", 8.0/255) }, "config: pgd.epsilon = 0.03137254901960784: is in 8-bit units, of which a pixel has 255, and must be at least 1; for 0.03137254901960784 of the range from 0 to 1, write 8"},
	{func(c *config.Config) { c.Defenses.Set("pgd.step_size", 0.01) }, "config: pgd.step_size = 0.01: is in 8-bit units, of which a pixel has 255, and must be at least 0.1; for 0.01 of the range from 0 to 1, write 2.55"},
	{func(c *config.Config) { c.Defenses.Set("fgsm.epsilon", 0.3) }, "config: fgsm.epsilon = 0.3: is in 8-bit units, of which a pixel has 255, and must be at least 1; for 0.3 of the range from 0 to 1, write 76.5"},
	{func(c *config.Config) { c.Defenders = []string{"pgd(epsilon=0.1)"} }, "config: defenders = pgd(epsilon=0.1): has epsilon=0.1 in pgd(epsilon=0.1), which is in 8-bit units, of which a pixel has 255, and must be at least 1; for 0.1 of the range from 0 to 1, write 25.5"},
	{func(c *config.Config) { c.Defenses.Set("cutmix.alpha", 0.0) }, "config: cutmix.alpha = 0: must be a number from 0.05 to 1000"},
	{func(c *config.Config) { c.Defenders, c.Indexing.Models = []string{"indexing"}, 2 }, "config: indexing.models = 2: must be 0 with indexing.mode = exact, which trains one model per agent"},
	{func(c *config.Config) { c.Indexing.Mode = "sliced" }, "config: indexing.models = 0: must be at least 1 with indexing.mode = sliced"},
	{func(c *config.Config) { c.Defenders = []string{"indexing", "indexing_sliced"} }, "config: indexing.models = 0: must be at least 1 with defender indexing_sliced"},
	{func(c *config.Config) {
		c.Defenders, c.Indexing.Update = []string{"cutmix+indexing_unknown"}, "pick"
	}, "config: indexing.models = 0: must be at least 1 with defender indexing_unknown"},
	{func(c *config.Config) { c.Defenders = []string{"indexing+indexing_unknown"} }, "config: defenders = indexing+indexing_unknown: has indexing_unknown beside indexing in indexing+indexing_unknown: a defender has one way of indexing"},
	{func(c *config.Config) { c.Indexing.Similarity = "l2" }, "config: indexing.similarity = l2: must be one of spectral_signatures, activation_clustering, mmd, kl, js, l2m, dmm"},
	{func(c *config.Config) { c.Indexing.Batch = 1 }, "config: indexing.batch = 1: must be a whole number, at least 2"},
	{func(c *config.Config) { c.Indexing.UnlearnLR = 0 }, "config: indexing.unlearn_lr = 0: must be a number, above 0"},
	{func(c *config.Config) { c.Device = "tpu" }, "config: device = tpu: must be one of auto, cpu, cuda, cuda:K, cuda:K,K, all"},
	{func(c *config.Config) { c.Workers = -1 }, "config: workers = -1: must be a whole number, at least 0"},
	{func(c *config.Config) { c.Store = "" }, "config: store = : must name a directory"},
}

// Validate checks a Config that was made without Load, too.
func TestValidateRefuses(t *testing.T) {
	for _, tc := range refusedSettings {
		resolved, err := config.Load(config.Options{})
		require.NoError(t, err)
		require.NoError(t, resolved.Config.Validate())
		tc.damage(&resolved.Config)
		err = resolved.Config.Validate()
		require.EqualError(t, err, tc.want)
		require.ErrorIs(t, err, config.ErrInvalid)
	}
}

func TestValidateAccepts(t *testing.T) {
	for _, sets := range [][]string{
		{"attackers.labels=list", "attackers.targets=1,bird", "attackers.counts=2,1"},
		{"attackers.labels=random", "attackers.label="},
		{"attackers.singles=-1"},
		{"attackers.singles=9", "attackers.counts=1"},
		{"attackers.rates=0.4,0.2,0.2,0.2,0.2", "attackers.counts=5"},
		{"train.nesterov=true"},
		{"attackers.colluders=1=0,4=0"},
		{"trigger.kind=image", "trigger.files=a.png", "attackers.counts=2", "attackers.colluders=1=0"},
		{"data.name=folder", "data.path=pictures"},
		{"attackers.p=0"},
		{"attackers.p=1"},
		{"indexing.models=2", "defenders=none,cutmix"},
		{"train.stop_when=loss<0.5 for 2 epochs", "defenders=indexing"},
		{"trigger.range=whole", "trigger.kind=dots"},
	} {
		_, err := config.Load(config.Options{Sets: sets})
		require.NoError(t, err, "%v", sets)
	}
}

// Seats need a number that has one for every attacker.
func TestSeatsAreValidated(t *testing.T) {
	for sets, want := range map[string]string{
		"attackers.seats=3,1 attackers.counts=2":              "config: attackers.seats = 3,1 (--set): has 1 after 3: must ascend",
		"attackers.seats=3,3 attackers.counts=2":              "config: attackers.seats = 3,3 (--set): has 3 after 3: must ascend",
		"attackers.seats=3 attackers.counts=2":                "config: attackers.seats = 3 (--set): names 1 seats for up to 2 attackers (attackers.counts)",
		"attackers.seats=1,2,3 attackers.counts=2":            "config: attackers.seats = 1,2,3 (--set): has 3 seats, but no game has more than 2 attackers (attackers.counts)",
		"attackers.seats=3,7 attackers.counts=2 deal.seats=7": "config: deal.seats = 7 (--set): is too few: the attackers need 8 seats",
		"attackers.seats=3,7 attackers.counts=2 deal.seats=n": "config: deal.seats = n (--set): has no seats without an attacker, among which attackers.seats could choose: set a number, or max",
		"deal.seats=4":    "config: deal.seats = 4 (--set): is too few: the attackers need 5 seats",
		"deal.seats=many": "config: deal.seats = many (--set): must be one of max, n, K",
		"deal.seats=-1":   "config: deal.seats = -1 (--set): must be one of max, n, K",
		"attackers.transfers=1 attackers.counts=1":             "config: attackers.transfers = 1 (--set): has no effect with attackers.counts = 1: there are no others",
		"indexing.honest=true deal.seats=n defenders=indexing": "config: indexing.honest = true (--set): has no effect with deal.seats = n, where all contributors attack",
	} {
		_, err := config.Load(config.Options{Sets: strings.Fields(sets)})
		require.EqualError(t, err, want)
	}
	for sets, want := range map[string]int{
		"":                                  5,
		"deal.seats=n":                      0,
		"deal.seats=100":                    100,
		"attackers.counts=1 deal.seats=9":   9,
		"attackers.counts=1,2 deal.seats=2": 2,
		"attackers.seats=3,7 attackers.counts=1,2": 8,
	} {
		resolved, err := config.Load(config.Options{Sets: strings.Fields(sets)})
		require.NoError(t, err, sets)
		require.Equal(t, want, resolved.Config.Deal.SeatCount(resolved.Config.Attackers.SeatsNeeded()), sets)
	}
	require.Equal(t, []int{3, 7}, config.Attackers{Counts: []int{1, 2}, Seats: []int{3, 7}}.IDs())
	require.Zero(t, config.Deal{}.SeatCount(5), "plans of earlier versions have as many seats as attackers")
}
