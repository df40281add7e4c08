package worker

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"backfire/datasets"
	"backfire/datasets/census"
	"backfire/experiments/cell"
	"backfire/game"
)

// gameCache holds the game, the undefended training set and the probes that cells with the same
// images and the same rules share, whatever their defense. Each part is made once, at its first
// use, and never changed.
type gameCache struct {
	set   *datasets.Set
	rules game.Rules

	game     func() (*game.Game, error)
	training func() *game.TrainingSet // before a defense; only after game succeeded
	probes   func() *game.Probes      // only after game succeeded
	repeats  func() game.Repeats      // only after game succeeded
}

// newGameCache returns the cache of a game that is not dealt yet.
func newGameCache(set *datasets.Set, rules game.Rules) *gameCache {
	c := &gameCache{set: set, rules: rules}
	c.game = sync.OnceValues(func() (*game.Game, error) { return game.New(set, rules) })
	dealt := func() *game.Game { g, _ := c.game(); return g }
	c.training = sync.OnceValue(func() *game.TrainingSet { return dealt().Training() })
	c.probes = sync.OnceValue(func() *game.Probes { return dealt().Probes() })
	c.repeats = sync.OnceValue(func() game.Repeats { return dealt().Deal().Repeats(set) })
	return c
}

// serves reports whether the cache is that of a game on a set.
func (c *gameCache) serves(set *datasets.Set, rules game.Rules) bool {
	return c.set == set && reflect.DeepEqual(c.rules, rules)
}

// censusOf returns the census of a set as results have it, with empty lists in place of none; nil if the
// set was made without files.
func censusOf(set *datasets.Set) *census.Census {
	c := set.Census
	if c.Seen == 0 {
		return nil
	}
	c.LeftOut = append([]census.LeftOut{}, c.LeftOut...)
	c.Splits = append([]census.SplitCount{}, c.Splits...)
	return &c
}

// gameCache returns the cache for a cell's game: that of the last cell if the game is the same.
// Workers wait for each other while images are loaded, so that none loads what another one is
// loading.
func (w *Worker) gameCache(ctx context.Context, c cell.Cell, source datasets.Source) (*gameCache, error) {
	w.sharing.Lock()
	defer w.sharing.Unlock()
	if w.set == nil || w.source != source {
		w.set, w.last = nil, nil // keeps one dataset at a time in memory
		w.prepared.clear()
		set, err := w.Load(ctx, source)
		if err != nil {
			return nil, err
		}
		w.set, w.source = set, source
	}
	if err := c.Data.Fits(w.set); err != nil {
		return nil, fmt.Errorf("worker: load %s: %w", c.Data.Name, err)
	}
	if w.last == nil || !w.last.serves(w.set, c.Game) {
		w.last = newGameCache(w.set, c.Game)
	}
	return w.last, nil
}
