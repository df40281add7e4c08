package worker

import (
	"sync"

	"backfire/datasets"
	"backfire/experiments/cell"
)

// preparations are the cells that a process has dealt before a worker is asked to train them, one
// for each place. The zero value has none.
type preparations struct {
	mu sync.Mutex
	at map[int]*preparation
}

// preparation is a cell that is being dealt and stamped, or was.
type preparation struct {
	hash   string
	source datasets.Source
	ended  chan struct{} // closed when there is nothing more to come
	cache  *gameCache    // nil as long as it is not known, and where the dataset is not loaded; under mu
	deal   *Deal         // nil: it failed, or there is no cache; valid once ended is closed
}

// prepare deals the game of a cell and stamps its training set in the background. A cell that
// cannot be dealt is left to the request that trains it, which reports why. Where the process has
// not loaded the dataset, nothing is prepared: a second dataset would take its memory.
func (w *Worker) prepare(p Prepare) {
	hash, err := p.Cell.Hash()
	if err != nil {
		return
	}
	own := &preparation{hash: hash, source: p.Source, ended: make(chan struct{})}
	w.prepared.put(p.Place, own)
	go func() {
		defer close(own.ended)
		defer func() { _ = recover() }() // the request that trains the cell comes to the same end
		cache := w.loadedCache(own, p.Cell)
		if cache == nil {
			return
		}
		if deal, err := newDeal(p.Cell, cache); err == nil {
			own.deal = deal
		}
	}()
}

// loadedCache gives a preparation the cache of its cell's game, and returns it: that of another cell
// with the same game if there is one. It is nil where the dataset is not loaded or does not fit.
func (w *Worker) loadedCache(own *preparation, c cell.Cell) *gameCache {
	w.sharing.Lock()
	defer w.sharing.Unlock()
	if w.set == nil || w.source != own.source || c.Data.Fits(w.set) != nil {
		return nil
	}
	w.prepared.mu.Lock()
	defer w.prepared.mu.Unlock()
	own.cache = w.last
	if w.last == nil || !w.last.serves(w.set, c.Game) {
		own.cache = newGameCache(w.set, c.Game)
		for _, other := range w.prepared.at {
			if other != own && other.cache != nil && other.cache.serves(w.set, c.Game) {
				own.cache = other.cache
			}
		}
	}
	return own.cache
}

// adopt makes the game of a preparation that of the last cell, and returns the preparation; nil if
// there is none, or if the dataset was loaded anew meanwhile.
func (w *Worker) adopt(p *preparation) *preparation {
	w.sharing.Lock()
	defer w.sharing.Unlock()
	if p == nil || p.cache.set != w.set {
		return nil
	}
	w.last = p.cache
	return p
}

// put sets the preparation of a place. The one that it had is dropped.
func (p *preparations) put(place int, own *preparation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil {
		p.at = map[int]*preparation{}
	}
	p.at[place] = own
}

// take removes the preparation of a cell and returns it once it has ended; nil if there is none
// that succeeded.
func (p *preparations) take(hash string, source datasets.Source) *preparation {
	p.mu.Lock()
	var found *preparation
	for place, other := range p.at {
		if other.hash == hash && other.source == source {
			found = other
			delete(p.at, place)
		}
	}
	p.mu.Unlock()
	if found == nil {
		return nil
	}
	if <-found.ended; found.deal == nil {
		return nil
	}
	return found
}

// clear drops all preparations.
func (p *preparations) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.at)
}
