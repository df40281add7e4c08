package runner

import (
	"cmp"
	"slices"

	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// Progress is the state of a sweep as the store shows it.
type Progress struct {
	Cells   int             `json:"cells"` // requested, as far as results have decided that
	Stored  int             `json:"stored"`
	Running []Running       `json:"running"`
	Failed  []store.GivenUp `json:"failed"`  // given up, or games that cannot be played with the kept triggers
	Waiting int             `json:"waiting"` // for a runner, or for the results of other cells; damaged ones, too
	// Damaged are results that must not be used; a runner sets them aside and trains them anew.
	Damaged []Damaged `json:"damaged,omitempty"`
	// DamagedNotes holds the reasons why notes of failures cannot be read. Their cells are tried once more.
	DamagedNotes []string `json:"damaged_notes,omitempty"`
	// Left is the estimated time that the running processes need for the rest, in seconds; 0: not
	// known.
	Left float64 `json:"seconds_left"`

	// Missing are the models without a whole result.
	Missing []plan.Missing `json:"-"`
}

// Damaged is a stored result that must not be used.
type Damaged struct {
	Cell  string `json:"cell"` // hash
	Title string `json:"title"`
	Error string `json:"error"`
}

// Running is a cell that a process trains.
type Running struct {
	Cell   string  `json:"cell"` // hash
	Title  string  `json:"title"`
	Host   string  `json:"host"`
	PID    int     `json:"pid"`
	Silent float64 `json:"seconds_silent"` // since the process last renewed its claim
	Dead   bool    `json:"dead"`           // the process died, and another runner will take the cell over
}

// ProgressOf reads the progress of a sweep from the store. It compares the files of each result, except
// artefacts, with their digests.
func ProgressOf(sweep *plan.Sweep, st *store.Store) (*Progress, error) {
	return progressOf(sweep, st, plan.NewCachedReader(figuresOnly{st}))
}

// WholeProgressOf reads the progress of a sweep as ProgressOf does, and compares artefacts with their digests, too.
func WholeProgressOf(sweep *plan.Sweep, st *store.Store) (*Progress, error) {
	return progressOf(sweep, st, plan.NewCachedReader(st))
}

// figuresOnly reads results without their artefacts, which may be large.
type figuresOnly struct{ *store.Store }

// Read returns the result of the cell called hash. The errors are those of store.Store.Read.
func (s figuresOnly) Read(hash string) (*store.Record, error) { return s.ReadFigures(hash) }

func progressOf(sweep *plan.Sweep, st *store.Store, results *plan.CachedReader) (*Progress, error) {
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	known := plan.Known{}
	worklist, err := plan.Resolve(sweep, results, known)
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
	damaged, err := st.DamagedFailures(hash)
	if err != nil {
		return nil, err
	}
	p := &Progress{Cells: len(worklist.Tasks) + len(worklist.Refused), Running: []Running{}, Failed: []store.GivenUp{}}
	for _, refused := range worklist.Refused {
		p.Failed = append(p.Failed, store.GivenUp{Failure: refused, Final: true})
	}
	for _, err := range damaged {
		p.DamagedNotes = append(p.DamagedNotes, err.Error())
	}
	if p.Missing, err = worklist.Missing(results); err != nil {
		return nil, err
	}
	missing := map[string]plan.Missing{}
	for _, m := range p.Missing {
		missing[m.Cell] = m
	}
	var work float64
	for i := range worklist.Tasks {
		task := &worklist.Tasks[i]
		m, isMissing := missing[task.Hash]
		if !isMissing {
			p.Stored++
			continue
		}
		left, err := p.add(task, m, st, given, held)
		if err != nil {
			return nil, err
		}
		work += left
	}
	if speed := recentSpeed(results, worklist, known); speed > 0 && len(p.Running) > 0 {
		p.Left = work / speed / float64(len(p.Running))
	}
	return p, nil
}

// add counts a missing model as running, failed, damaged or waiting. It returns the work that is left
// of it, in images.
func (p *Progress) add(task *plan.Task, m plan.Missing, st *store.Store, given []store.GivenUp, held []string) (float64, error) {
	if slices.Contains(held, task.Hash) {
		running, err := runningOf(st, task)
		if err != nil {
			return 0, err
		}
		if running != nil {
			p.Running = append(p.Running, *running)
			return task.Cell.Work(), nil
		}
	}
	if i := slices.IndexFunc(given, func(g store.GivenUp) bool { return g.Cell == task.Hash }); i >= 0 {
		p.Failed = append(p.Failed, given[i])
		return 0, nil
	}
	if m.Reason == plan.Damaged {
		p.Damaged = append(p.Damaged, Damaged{m.Cell, m.Title, m.Detail})
	}
	p.Waiting++
	return task.Cell.Work(), nil
}

// runningOf returns the process that trains a cell; nil if none does.
func runningOf(st *store.Store, task *plan.Task) (*Running, error) {
	holder, err := st.Holder(task.Hash)
	if holder == nil || err != nil {
		return nil, err
	}
	return &Running{
		Cell: task.Hash, Title: task.Title, Host: holder.Host, PID: holder.PID,
		Silent: max(0, holder.Silent.Seconds()), Dead: holder.Dead,
	}, nil
}

// speedSample is the number of results that recentSpeed reads.
const speedSample = 5

// recentSpeed returns the median of the images per second of the last results in the worklist's
// order, 0 if there are none. Damaged results are passed over.
func recentSpeed(results *plan.CachedReader, worklist *plan.Worklist, known plan.Known) float64 {
	var speeds []float64
	for i := len(worklist.Tasks) - 1; i >= 0 && len(speeds) < speedSample; i-- {
		if _, ok := known[worklist.Tasks[i].Hash]; !ok {
			continue
		}
		if result, err := results.Read(worklist.Tasks[i].Hash); err == nil && result != nil && result.Provenance.ImagesPerSecond > 0 {
			speeds = append(speeds, result.Provenance.ImagesPerSecond)
		}
	}
	if len(speeds) == 0 {
		return 0
	}
	slices.SortFunc(speeds, cmp.Compare)
	return speeds[len(speeds)/2]
}
