package worker

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/game"
)

// dealt is what cells with the same images and the same game have in common,
// whatever the defender does. Each part is made once, when it is first asked for,
// and nobody changes it.
type GameCache struct {
	set   *datasets.Set
	rules game.Rules

	Game     func() (*game.Game, error)
	training func() *game.TrainingSet // before a defense; once there is a game
	probes   func() *game.Probes      // likewise
}

func NewGameCache(set *datasets.Set, rules game.Rules) *GameCache {
	d := &GameCache{set: set, rules: rules}
	d.Game = sync.OnceValues(func() (*game.Game, error) { return game.New(set, rules) })
	made := func() *game.Game { g, _ := d.Game(); return g }
	d.training = sync.OnceValue(func() *game.TrainingSet { return made().Training() })
	d.probes = sync.OnceValue(func() *game.Probes { return made().Probes() })
	return d
}

// dealt returns what the job's cell is played with: that of the last cell if it is
// the same. Workers wait for each other while images are loaded, so that none
// loads what another is loading.
func (w *Worker) gameCache(ctx context.Context, job Job) (*GameCache, error) {
	w.sharing.Lock()
	defer w.sharing.Unlock()
	if w.set == nil || w.source != job.Source {
		w.set, w.last = nil, nil // not both at a time in memory
		set, err := w.Load(ctx, job.Source)
		if err != nil {
			return nil, err
		}
		w.set, w.source = set, job.Source
	}
	if want := job.Cell.Data.Checksum; w.set.Checksum != want {
		return nil, fmt.Errorf("experiments: load %s: %w: SHA-256 %.12s instead of %.12s", job.Cell.Data.Name, cell.ErrOtherData, w.set.Checksum, want)
	}
	if w.last == nil || w.last.set != w.set || !reflect.DeepEqual(w.last.rules, job.Cell.Game) {
		w.last = NewGameCache(w.set, job.Cell.Game)
	}
	return w.last, nil
}
