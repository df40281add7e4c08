package runner

import (
	"cmp"
	"slices"

	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// Progress is how far runners have come with a sweep, by the store alone.
type Progress struct {
	Cells   int             `json:"cells"` // asked for, as far as results have decided that
	Stored  int             `json:"stored"`
	Running []Running       `json:"running"`
	Failed  []store.GivenUp `json:"failed"`  // given up, or games that cannot be played with the triggers kept
	Waiting int             `json:"waiting"` // for a runner, or for the results of other cells
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
func ProgressOf(s *plan.Sweep, st *store.Store) (*Progress, error) {
	hash, err := s.Hash()
	if err != nil {
		return nil, err
	}
	shelf, err := plan.NewListing(st)
	if err != nil {
		return nil, err
	}
	found := plan.Known{}
	stage, err := plan.Resolve(s, shelf, found)
	if err != nil {
		return nil, err
	}
	given, err := st.GivenUp(hash)
	if err != nil {
		return nil, err
	}
	held, err := st.Held()
	if err != nil {
		return nil, err
	}
	p := &Progress{Cells: len(stage.Tasks) + len(stage.Refused), Running: []Running{}, Failed: []store.GivenUp{}}
	for _, refused := range stage.Refused {
		p.Failed = append(p.Failed, store.GivenUp{Failure: refused, Final: true})
	}
	var work float64
	for i := range stage.Tasks {
		want := &stage.Tasks[i]
		if there, err := shelf.Complete(want); err != nil {
			return nil, err
		} else if there && !want.Waits {
			p.Stored++
			continue
		}
		if slices.Contains(held, want.Hash) {
			running, err := runningOf(st, want)
			if err != nil {
				return nil, err
			}
			if running != nil {
				p.Running = append(p.Running, *running)
				work += want.Cell.Work()
				continue
			}
		}
		if i := slices.IndexFunc(given, func(g store.GivenUp) bool { return g.Cell == want.Hash }); i >= 0 {
			p.Failed = append(p.Failed, given[i])
			continue
		}
		p.Waiting++
		work += want.Cell.Work()
	}
	if speed := recentSpeed(st, stage, found); speed > 0 && len(p.Running) > 0 {
		p.Left = work / speed / float64(len(p.Running))
	}
	return p, nil
}

// running says who trains a cell; nil if nobody does.
func runningOf(s *store.Store, want *plan.Task) (*Running, error) {
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
func recentSpeed(s *store.Store, stage *plan.Worklist, found plan.Known) float64 {
	var speeds []float64
	for i := len(stage.Tasks) - 1; i >= 0 && len(speeds) < speedSample; i-- {
		if _, ok := found[stage.Tasks[i].Hash]; !ok {
			continue
		}
		if record, err := s.Read(stage.Tasks[i].Hash); err == nil && record.Result.Provenance.ImagesPerSecond > 0 {
			speeds = append(speeds, record.Result.Provenance.ImagesPerSecond)
		}
	}
	if len(speeds) == 0 {
		return 0
	}
	slices.SortFunc(speeds, cmp.Compare)
	return speeds[len(speeds)/2]
}
