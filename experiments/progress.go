package experiments

import (
	"cmp"
	"slices"
)

// Progress is how far runners have come with a sweep, by the store alone.
type Progress struct {
	Cells   int       `json:"cells"` // asked for, as far as results have decided that
	Stored  int       `json:"stored"`
	Running []Running `json:"running"`
	Failed  []GivenUp `json:"failed"`  // given up, or games that cannot be played with the triggers kept
	Waiting int       `json:"waiting"` // for a runner, or for the results of other cells
	// Left is about how long those that run now need for the rest; 0: not known.
	Left float64 `json:"seconds_left"`
}

// Running is a cell that somebody trains.
type Running struct {
	Cell   string  `json:"cell"` // hash
	Title  string  `json:"title"`
	Host   string  `json:"host"`
	PID    int     `json:"pid"`
	Silent float64 `json:"seconds_silent"` // since it last showed that it lives
	Dead   bool    `json:"dead"`           // it died, and another runner will go on
}

// Progress looks at the store, but for the content of the results that decide
// nothing.
func (s *Sweep) Progress(store *Store) (*Progress, error) {
	hash, err := s.Hash()
	if err != nil {
		return nil, err
	}
	shelf, err := newShelf(store)
	if err != nil {
		return nil, err
	}
	found := Findings{}
	stage, err := settle(s, shelf, found)
	if err != nil {
		return nil, err
	}
	given, err := store.GivenUp(hash)
	if err != nil {
		return nil, err
	}
	held, err := store.Held()
	if err != nil {
		return nil, err
	}
	p := &Progress{Cells: len(stage.Wants) + len(stage.Refused), Running: []Running{}, Failed: []GivenUp{}}
	for _, refused := range stage.Refused {
		p.Failed = append(p.Failed, GivenUp{Failure: refused, Final: true})
	}
	var work float64
	for i := range stage.Wants {
		want := &stage.Wants[i]
		if there, err := shelf.complete(want); err != nil {
			return nil, err
		} else if there && !want.Waits {
			p.Stored++
			continue
		}
		if slices.Contains(held, want.Hash) {
			running, err := store.running(want)
			if err != nil {
				return nil, err
			}
			if running != nil {
				p.Running = append(p.Running, *running)
				work += want.Cell.work()
				continue
			}
		}
		if i := slices.IndexFunc(given, func(g GivenUp) bool { return g.Cell == want.Hash }); i >= 0 {
			p.Failed = append(p.Failed, given[i])
			continue
		}
		p.Waiting++
		work += want.Cell.work()
	}
	if speed := store.recentSpeed(stage, found); speed > 0 && len(p.Running) > 0 {
		p.Left = work / speed / float64(len(p.Running))
	}
	return p, nil
}

// running says who trains a cell; nil if nobody does.
func (s *Store) running(want *Want) (*Running, error) {
	holder, err := s.Holder(want.Hash)
	if holder == nil || err != nil {
		return nil, err
	}
	return &Running{
		Cell: want.Hash, Title: want.Title, Host: holder.Host, PID: holder.PID,
		Silent: max(0, holder.Silent.Seconds()), Dead: holder.Dead,
	}, nil
}

// speedSample is how many results recentSpeed looks at.
const speedSample = 5

// recentSpeed is the median of the images per second of the last results, 0 if
// there are none. Results that are not whole are passed over.
func (s *Store) recentSpeed(stage *Stage, found Findings) float64 {
	var speeds []float64
	for i := len(stage.Wants) - 1; i >= 0 && len(speeds) < speedSample; i-- {
		if _, ok := found[stage.Wants[i].Hash]; !ok {
			continue
		}
		if record, err := s.Read(stage.Wants[i].Hash); err == nil && record.Result.Run.ImagesPerSecond > 0 {
			speeds = append(speeds, record.Result.Run.ImagesPerSecond)
		}
	}
	if len(speeds) == 0 {
		return 0
	}
	slices.SortFunc(speeds, cmp.Compare)
	return speeds[len(speeds)/2]
}
