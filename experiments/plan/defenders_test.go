package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets/testset"
	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/defenses/mix"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

// The configuration has the defenses of package defenses, with their defaults.
func TestConfigKnowsTheDefenses(t *testing.T) {
	var names []string
	for _, kind := range defenses.Kinds() {
		names = append(names, string(kind))
	}
	require.Equal(t, names, config.Defenses())
	require.Equal(t, defenses.None, config.NoDefense)
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	for _, name := range names {
		if name == "exec" {
			continue // a program of the user's has no settings without its command
		}
		policy, err := plan.PolicyOf(cfg, name)
		require.NoError(t, err)
		require.Equal(t, name, policy.Name)
		require.Equal(t, enginetest.StackOf(t, "["+name+"]"), policy.Stack)
	}
}

// Where triggers have no box, the simulated ones have none either.
func TestSimulatedTriggersWithoutABox(t *testing.T) {
	resolved, err := config.Load(config.Options{Sets: []string{"trigger.range=whole", "defenders=adversarial_triggers,agent_augmentation"}})
	require.NoError(t, err)
	got, err := plan.Policies(resolved.Config)
	require.NoError(t, err)
	want := triggers.Spec{P2: 0.2, Range: triggers.Whole}
	require.Equal(t, want, defenses.Get[defenses.AdversarialTriggers](got[0].Stack, defenses.KindAdversarialTriggers).Spec)
	require.Equal(t, want, defenses.Get[defenses.AgentAugmentation](got[1].Stack, defenses.KindAgentAugmentation).Spec)
}

func TestPoliciesHaveTheConfiguredSettings(t *testing.T) {
	resolved, err := config.Load(config.Options{Sets: []string{
		"defenders=pgd+cutmix+agent_augmentation,none,indexing,fgsm+adversarial_triggers+mixup",
		"trigger.range=area", "cutmix.alpha=2", "cutmix.probability=0.5", "mixup.alpha=3", "mixup.probability=0.25",
		"pgd.epsilon=4", "pgd.steps=3", "pgd.step_size=1", "pgd.random_start=false", "pgd.share=0.5", "pgd.placement=replace",
		"fgsm.epsilon=5", "fgsm.share=0.75", "fgsm.placement=replace", "adversarial_triggers.share=0.1",
		"adversarial_triggers.placement=replace", "adversarial_triggers.p1=0.3", "adversarial_triggers.p2=0.4",
		"agent_augmentation.agents=7", "agent_augmentation.clean=0.6", "agent_augmentation.p1=0.5", "agent_augmentation.p2=0.7",
		"indexing.mode=grouped", "indexing.models=2",
	}})
	require.NoError(t, err)
	got, err := plan.Policies(resolved.Config)
	require.NoError(t, err)
	require.Equal(t, []defenses.Policy{
		{Name: "agent_augmentation+cutmix+pgd", Stack: enginetest.StackOf(t, `
- agent_augmentation: {agents: 7, clean: 0.6, p1: 0.5, p2: 0.7, range: area}
- cutmix: {alpha: 2, probability: 0.5}
- pgd: {epsilon: 4, steps: 3, step_size: 1, random_start: false, share: 0.5, placement: replace}`)},
		{Name: "indexing", Stack: enginetest.StackOf(t, "[{indexing: {mode: grouped, models: 2}}]")},
		{Name: "adversarial_triggers+mixup+fgsm", Stack: enginetest.StackOf(t, `
- adversarial_triggers: {share: 0.1, placement: replace, p1: 0.3, p2: 0.4, range: area}
- mixup: {alpha: 3, probability: 0.25}
- fgsm: {epsilon: 5, share: 0.75, placement: replace}`)},
	}, got, "the order of the defenses of one is that of application, however it is written")
}

// A defender that cannot play is refused before the first training, with the reason.
func TestDefendersAreRefusedBeforeTraining(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	for reason, change := range map[string]func(*config.Config){
		"pgd and fgsm together": func(c *config.Config) { c.Defenders = []string{"pgd+fgsm"} },
		"add up to more than 1": func(c *config.Config) { c.Defenders = []string{"cutmix+mixup"} },
		"defenders = agent_augmentation": func(c *config.Config) {
			c.Defenders = []string{"agent_augmentation"}
			c.Defenses.Set("agent_augmentation.agents", 0)
		},
		"agent_augmentation: agents is 1000: of the defender's 128 contributed images 77 are stamped": func(c *config.Config) {
			c.Defenders = []string{"agent_augmentation"}
			c.Defenses.Set("agent_augmentation.agents", 1000)
		},
		"pgd: share is 0.01": func(c *config.Config) {
			c.Defenders = []string{"pgd"}
			c.Defenses.Set("pgd.share", 0.01)
		},
		"1 attackers: cannot be planned: defenses: bad defender: \"indexing\": indexing: cannot be indexed: models is 5, more than the 4 agents": func(c *config.Config) {
			c.Defenders, c.Indexing = []string{"indexing"}, config.Indexing{Mode: "grouped", Models: 5}
		},
		"more than the 2 epochs": func(c *config.Config) {
			c.Attackers.Counts, c.Train.Epochs = []int{4}, 2
			c.Defenders, c.Indexing = []string{"indexing"}, config.Indexing{Mode: "sliced", Models: 3}
		},
		"cutmix(strength=2): unknown field \"strength\"": func(c *config.Config) { c.Defenders = []string{"cutmix(strength=2)"} },
		"alpha is a string: it must be a float64":        func(c *config.Config) { c.Defenders = []string{"cutmix(alpha=strong)"} },
		"cutmix: alpha is -1":                            func(c *config.Config) { c.Defenders = []string{"cutmix(alpha=-1)"} },
		"no defense \"prayer\"":                          func(c *config.Config) { c.Defenders = []string{"prayer"} },
		"are called \"cutmix+pgd\"": func(c *config.Config) {
			c.Defenders = []string{"cutmix+pgd", "pgd+cutmix"}
		},
		"train.batch = 280: the training set has only 272 images (leaving out agent 0)": func(c *config.Config) {
			c.Defenders, c.Train.Batch = []string{"indexing"}, 280
		},
	} {
		cfg, err := enginetest.Config()
		require.NoError(t, err)
		change(&cfg)
		_, err = plan.New(cfg, set)
		require.ErrorIs(t, err, cell.ErrPlan, reason)
		require.ErrorContains(t, err, reason)
	}
}

// Several defenders may have settings of their own for the same defense.
func TestDefendersWithSettingsOfTheirOwn(t *testing.T) {
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	cfg.Defenses.Set("cutmix.probability", 0.25)
	cfg.Defenders = []string{"cutmix", "pgd(placement=add steps=2)+cutmix(alpha=0.5)", "agent_augmentation(agents=2)", "indexing_grouped(models=2)"}
	cfg.Indexing.Models = 3
	got, err := plan.Policies(cfg)
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.Equal(t, "cutmix(alpha=0.5)+pgd(placement=add steps=2)", got[1].Name)
	require.Equal(t, mix.Settings{Alpha: 1, Probability: 0.25}, *defenses.Get[mix.Settings](got[0].Stack, defenses.KindCutMix))
	require.Equal(t, mix.Settings{Alpha: 0.5, Probability: 0.25}, *defenses.Get[mix.Settings](got[1].Stack, defenses.KindCutMix))
	require.Equal(t, []any{2, defenses.Add}, []any{defenses.Get[defenses.PGD](got[1].Stack, defenses.KindPGD).Steps, defenses.Get[defenses.PGD](got[1].Stack, defenses.KindPGD).Placement})
	require.Equal(t, 2, defenses.Get[defenses.AgentAugmentation](got[2].Stack, defenses.KindAgentAugmentation).Agents)
	require.Equal(t, 2, defenses.Get[indexing.Settings](got[3].Stack, defenses.KindIndexing).Models)
	require.Equal(t, "indexing_grouped(models=2)", got[3].Name)
}

// A plan without a defender keeps its hash, with one it has another; groups of one agent each are the models of
// exact indexing.
func TestPlanWithDefenders(t *testing.T) {
	plain := enginetest.NewPlan(t)
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	hash := func(p *plan.Plan) string {
		hash, err := p.Hash()
		require.NoError(t, err)
		return hash
	}
	require.Equal(t, hash(plain), hash(enginetest.DefendedPlan(t, cfg)))
	cfg.Defenders = []string{"cutmix", "indexing"}
	exact := enginetest.DefendedPlan(t, cfg)
	require.NotEqual(t, hash(plain), hash(exact))
	require.Len(t, exact.Cells, 5+3+(1+2+4))
	require.Equal(t, plain.Cells[0], exact.Cells[0])

	cfg.Attackers.Counts, cfg.Indexing = []int{4}, config.Indexing{Mode: string(indexing.Grouped), Models: 4}
	grouped := enginetest.DefendedPlan(t, cfg).Games[0].Defenders[1]
	require.ElementsMatch(t, exact.Games[2].Defenders[1].Models, grouped.Models)
	for attacker, answer := range grouped.Answers {
		require.Equal(t, exact.Games[2].Defenders[1].Models[attacker], grouped.Models[answer])
	}
	cfg.Indexing.Models = 2
	plan := enginetest.DefendedPlan(t, cfg)
	grouped = plan.Games[0].Defenders[1]
	require.Len(t, grouped.Models, 2)
	for attacker, answer := range grouped.Answers {
		cell, _ := plan.Cell(grouped.Models[answer])
		require.Len(t, cell.Defense.Excluded, 2)
		require.Contains(t, cell.Defense.Excluded, cell.Game.Attackers[attacker].ID)
	}
}
