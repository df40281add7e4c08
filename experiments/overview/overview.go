// Package overview lists the results of a store by a few figures of each. It keeps what it has read in the
// store, so that a list of thousands of results reads only those that are new.
package overview

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/stats"
)

// Result is the part of a stored result that lists of results show.
type Result struct {
	Cell          string        `json:"cell"` // hash
	Title         string        `json:"title"`
	Dataset       string        `json:"dataset"`
	N             int           `json:"n"` // attackers
	Seed          uint64        `json:"seed"`
	Readings      cell.Readings `json:"readings"`
	Network       string        `json:"network"` // see cell.Model.Short
	Width         int           `json:"width"`   // 0: the network is a module
	Epochs        int           `json:"epochs"`
	Defense       string        `json:"defense"` // empty: none
	CleanAccuracy game.Rate     `json:"clean_accuracy"`
	ASR           stats.Summary `json:"asr"`
	// AttackersImages is the number of held-out images of all attackers, see store.Result.AttackersImages.
	AttackersImages int       `json:"attackers_images"`
	Collapsed       bool      `json:"collapsed"`
	Finished        time.Time `json:"finished"` // UTC
}

// Of returns the part of a stored result that lists show.
func Of(r *store.Record) Result {
	o := Result{
		Cell: r.Result.Cell, Title: r.Cell.Title(), Dataset: r.Cell.Data.Name, N: len(r.Cell.Game.Attackers), Seed: r.Cell.Game.Seed,
		Readings: r.Result.Readings, Network: r.Cell.Model.Short(), Width: r.Cell.Model.Width, Epochs: r.Result.Epochs(r.Cell),
		CleanAccuracy: r.Result.CleanAccuracy, ASR: r.Result.ASR, AttackersImages: r.Result.AttackersImages(), Collapsed: r.Result.Collapsed, Finished: r.Result.Provenance.Finished,
	}
	if r.Cell.Defense != nil {
		o.Defense = r.Cell.Defense.String()
	}
	return o
}

// List lists all results of a store by hash. Results that must not be used are handed to broken, in the same
// order. It reads a result only if its files are others than when it was last listed: the list is kept in the
// store, see File. The error is that of ctx, or the store cannot be read.
func List(ctx context.Context, st *store.Store, broken func(error)) ([]Result, error) {
	return lister{st, settleTime}.list(ctx, broken)
}

// lister lists the results of a store.
type lister struct {
	*store.Store
	settle time.Duration // see settleTime
}

func (s lister) list(ctx context.Context, broken func(error)) ([]Result, error) {
	hashes, err := s.Hashes()
	if err != nil {
		return nil, err
	}
	old := s.readIndex()
	found := make([]examined, len(hashes))
	var next sync.Mutex
	at := 0
	take := func() int {
		next.Lock()
		defer next.Unlock()
		at++
		return at - 1
	}
	var readers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		readers.Go(func() {
			for i := take(); i < len(hashes) && ctx.Err() == nil; i = take() {
				found[i] = s.examine(hashes[i], old)
			}
		})
	}
	readers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var all []Result
	index := map[string]indexed{}
	for i, e := range found {
		switch {
		case errors.Is(e.err, store.ErrNotStored): // it was removed meanwhile
		case errors.Is(e.err, store.ErrBroken):
			broken(e.err)
		case e.err != nil:
			return nil, e.err
		default:
			all = append(all, e.Result)
			if e.Stamp != "" {
				index[hashes[i]] = e.indexed
			}
		}
	}
	s.writeIndex(old, index)
	return all, nil
}

// examined is one result as it was found.
type examined struct {
	indexed // without a Stamp if it must not be kept
	err     error
}

// examine returns what lists show of a result: the indexed one if the files have not changed since.
func (s lister) examine(hash string, index map[string]indexed) examined {
	stamp, settled := s.stamp(hash)
	if row, ok := index[hash]; ok && stamp != "" && row.Stamp == stamp {
		return examined{indexed: row}
	}
	record, err := s.Glance(hash)
	if err != nil {
		return examined{err: err}
	}
	e := examined{indexed: indexed{Result: Of(record)}}
	if again, _ := s.stamp(hash); settled && again == stamp {
		e.Stamp = stamp
	}
	return e
}
