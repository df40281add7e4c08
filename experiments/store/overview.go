package store

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"backfire/experiments/cell"
	"backfire/game"
	"backfire/stats"
)

// Overview is the part of a stored result that lists of results show.
type Overview struct {
	Cell          string        `json:"cell"` // hash
	Title         string        `json:"title"`
	Dataset       string        `json:"dataset"`
	N             int           `json:"n"` // attackers
	Seed          uint64        `json:"seed"`
	Readings      cell.Readings `json:"readings"`
	Width         int           `json:"width"`
	Epochs        int           `json:"epochs"`
	Defense       string        `json:"defense"` // empty: none
	CleanAccuracy game.Rate     `json:"clean_accuracy"`
	ASR           stats.Summary `json:"asr"`
	// AttackersImages is the number of held-out images of all attackers, see Result.AttackersImages.
	AttackersImages int       `json:"attackers_images"`
	Collapsed       bool      `json:"collapsed"`
	Finished        time.Time `json:"finished"` // UTC
}

// NewOverview returns the overview of a stored result.
func NewOverview(r *Record) Overview {
	o := Overview{
		Cell: r.Result.Cell, Title: r.Cell.Title(), Dataset: r.Cell.Data.Name, N: len(r.Cell.Game.Attackers), Seed: r.Cell.Game.Seed,
		Readings: r.Result.Readings, Width: r.Cell.Model.Width, Epochs: r.Cell.Training.Epochs,
		CleanAccuracy: r.Result.CleanAccuracy, ASR: r.Result.ASR, AttackersImages: r.Result.AttackersImages(), Collapsed: r.Result.Collapsed, Finished: r.Result.Provenance.Finished,
	}
	if r.Cell.Defense != nil {
		o.Defense = r.Cell.Defense.String()
	}
	return o
}

// Overviews returns the overviews of all stored results, by hash. Results that must not be used are handed to
// broken, in the same order. It reads a result only if its files are others than when it was last listed: the
// overviews are kept in the store, see IndexFile. The error is that of ctx, or the store cannot be read.
func (s *Store) Overviews(ctx context.Context, broken func(error)) ([]Overview, error) {
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
	var all []Overview
	index := map[string]indexed{}
	for i, e := range found {
		switch {
		case errors.Is(e.err, ErrNotStored): // it was removed meanwhile
		case errors.Is(e.err, ErrBroken):
			broken(e.err)
		case e.err != nil:
			return nil, e.err
		default:
			all = append(all, e.Overview)
			if e.Stamp != "" {
				index[hashes[i]] = e.indexed
			}
		}
	}
	s.writeIndex(old, index)
	return all, nil
}

// examined is one result as Overviews found it.
type examined struct {
	indexed // without a Stamp if it must not be kept
	err     error
}

// examine returns the overview of a result: the indexed one if the files have not changed since.
func (s *Store) examine(hash string, index map[string]indexed) examined {
	stamp, settled := s.stamp(hash)
	if row, ok := index[hash]; ok && stamp != "" && row.Stamp == stamp {
		return examined{indexed: row}
	}
	record, err := s.Glance(hash)
	if err != nil {
		return examined{err: err}
	}
	e := examined{indexed: indexed{Overview: NewOverview(record)}}
	if again, _ := s.stamp(hash); settled && again == stamp {
		e.Stamp = stamp
	}
	return e
}
