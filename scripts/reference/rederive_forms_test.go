package reference_test

import (
	"testing"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/internal/runtest"
)

// mapped returns a point with a mapping of labels and a change.
func mapped(t *testing.T, name, mapping string, change func(*config.Config)) plan.SweepPoint {
	return another(t, name, func(c *config.Config) {
		c.Attackers.Mapping = mapping
		if mapping == "source_specific" {
			c.Attackers.Sources = []string{"north", "west"}
		}
		change(c)
	})
}

// Python derives the games of each mapping of labels, also with a jitter, pooled
// denominators and a defender.
func TestMappingsAreDerivedAnew(t *testing.T) {
	same := func(c *config.Config) { c.Attackers.Labels = "same" }
	st := played(t,
		mapped(t, "all to all", "all_to_all", same),
		mapped(t, "all to all, jitter", "all_to_all", func(c *config.Config) { same(c); c.Trigger.Jitter = 0.3 }),
		mapped(t, "sources", "source_specific", same),
		mapped(t, "sources, jitter", "source_specific", func(c *config.Config) {
			same(c)
			c.Trigger.Jitter, c.Artefacts.Images = 0.5, "npz"
		}),
		mapped(t, "sources, pooled", "source_specific", func(c *config.Config) {
			same(c)
			c.ASR.Denominator, c.Defenders = "pooled", []string{"agent_augmentation", "indexing"}
		}),
	)
	requireDerived(t, []string{"all to all N = 2, none: 2 attackers beside 2 single", "sources, pooled N = 2, indexing: 2 attackers"},
		"--data", writeIDX(t), st.Dir())
}

// Python deals the images of real contributors to their unequal seats, from the files.
func TestContributorsAreDerivedAnew(t *testing.T) {
	dir := runtest.ContributedFolder(t)
	among := func(name string, change func(*config.Config)) plan.SweepPoint {
		return another(t, name, func(c *config.Config) {
			runtest.OnFolder(dir)(c)
			c.Data.Contributors, c.Artefacts.Images = "folders", "npz"
			change(c)
		})
	}
	st := played(t,
		among("contributors", func(*config.Config) {}),
		among("chosen", func(c *config.Config) { c.Attackers.Seats = []int{1, 3} }),
		among("indexed", func(c *config.Config) { c.Defenders = []string{"indexing"} }),
		among("all to all", func(c *config.Config) { c.Attackers.Labels, c.Attackers.Mapping = "same", "all_to_all" }),
	)
	requireDerived(t, []string{"4 seats of ", "3 honest", "training.npz: ", "chosen N = 2, none: 2 attackers beside 2 single"}, "--data", dir, st.Dir())
}

// Python derives a game of more classes than a byte has values.
func TestManyClassesAreDerivedAnew(t *testing.T) {
	dir := runtest.ManyClasses(t, 300, 4)
	st := played(t, another(t, "classes", func(c *config.Config) {
		runtest.OnFolder(dir)(c)
		c.Attackers.Labels, c.Attackers.Label, c.Artefacts.Images, c.Train.Epochs = "same", "n0299", "folder", 1
	}))
	requireDerived(t, []string{"images: ", "honest contributors: "}, "--data", dir, st.Dir())
}
