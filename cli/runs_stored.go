package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/words"
	"backfire/report"
	"backfire/stats"
)

// storedRun is one command with what it left in a store.
type storedRun struct {
	hash    string
	when    time.Time        // the run finished, or an unfinished run was begun
	summary *summary.Summary // nil: none yet
	open    *store.OpenRun   // nil: the run has finished
	stored  int              // models of open that are stored
}

// storedRuns returns the runs of a store, the newest first. A summary that cannot be
// read is left out and handed to warn, as is the error of a note that cannot be read.
func storedRuns(st *store.Store, warn func(error)) ([]storedRun, error) {
	return readRuns(st, summary.Load, warn)
}

// readRuns is storedRuns with another way to load a summary.
func readRuns(st *store.Store, load func(path string) (*summary.Summary, error), warn func(error)) ([]storedRun, error) {
	paths, err := st.Summaries("")
	if err != nil && !errors.Is(err, store.ErrNoSummary) {
		return nil, err
	}
	var runs []storedRun
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("runs: read the time of a summary: %w", err)
		}
		sum, err := load(path)
		if err != nil {
			warn(err)
			continue
		}
		when := info.ModTime() // in older stores, and of copies the time of the copy
		if sum.Origin != nil && !sum.Origin.Finished.IsZero() {
			when = sum.Origin.Finished
		}
		runs = append(runs, storedRun{hash: filepath.Base(filepath.Dir(path)), when: when, summary: sum})
	}
	open, err := st.OpenRuns()
	if err != nil {
		return nil, err
	}
	hashes, err := st.Hashes()
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, hash := range hashes {
		have[hash] = true
	}
	for i := range open {
		run := &open[i]
		if run.Damaged != nil {
			warn(run.Damaged)
		}
		at := slices.IndexFunc(runs, func(r storedRun) bool { return r.belongs(run) })
		if at < 0 {
			runs, at = append(runs, storedRun{hash: run.Sweep}), len(runs)
		}
		runs[at].open = run
		if run.Damaged == nil || runs[at].summary == nil {
			runs[at].when = run.Begun
		}
		for _, cell := range run.Cells {
			if have[cell.Cell] {
				runs[at].stored++
			}
		}
	}
	slices.SortStableFunc(runs, func(a, b storedRun) int { return b.when.Compare(a.when) })
	return runs, nil
}

// belongs reports whether the note of an unfinished run is about this run. Both have
// the same hash, but for the summaries that "run" wrote in older stores: these have the
// hash of the plan, and are recognised by their command and missing models.
func (r *storedRun) belongs(open *store.OpenRun) bool {
	if r.summary == nil || r.hash == open.Sweep {
		return r.hash == open.Sweep
	}
	if filepath.Base(r.summary.Path) != store.SummaryFile || len(r.summary.Missing) == 0 || r.command() == "" || r.command() != open.Command {
		return false
	}
	return !slices.ContainsFunc(r.summary.Missing, func(m summary.Missing) bool {
		return !slices.ContainsFunc(open.Cells, func(c store.OpenCell) bool { return c.Cell == m.Cell })
	})
}

// command returns the command line; empty if it is not known.
func (r *storedRun) command() string {
	switch {
	case r.open != nil && r.open.Command != "":
		return r.open.Command
	case r.summary != nil && r.summary.Origin != nil:
		return r.summary.Origin.Command
	}
	return ""
}

// name returns the command line, or else the name of the sweep or the hash.
func (r *storedRun) name() string {
	name := ""
	if r.summary != nil && r.summary.Origin != nil {
		name = r.summary.Origin.Name
	}
	return cmp.Or(r.command(), name, r.hash)
}

// complete reports whether all models of the run are stored and its summary names them.
func (r *storedRun) complete() bool {
	return r.open == nil && r.summary != nil && len(r.summary.Missing) == 0
}

// state describes how far the run is.
func (r *storedRun) state() string {
	switch {
	case r.complete():
		return "complete"
	case r.summary != nil && len(r.summary.Missing) > 0:
		return words.Plural(len(r.summary.Missing), "model") + " missing"
	case r.open.Damaged != nil:
		return "unfinished, its note is damaged"
	default:
		return fmt.Sprintf("unfinished, %d of %s stored", r.stored, words.Plural(len(r.open.Cells), "model"))
	}
}

// models returns the hashes of the models that the summary's games have, each once.
func (r *storedRun) models() []string {
	var hashes []string
	add := func(hash string) {
		if hash != "" && !slices.Contains(hashes, hash) && !r.misses(hash) {
			hashes = append(hashes, hash)
		}
	}
	for _, point := range r.summary.Points {
		for _, game := range point.Games {
			for _, hash := range game.Models {
				add(hash)
			}
			for _, attacker := range game.Attackers {
				add(attacker.SingleCell)
			}
		}
	}
	return hashes
}

// misses reports whether a model of the run is not stored.
func (r *storedRun) misses(hash string) bool {
	return slices.ContainsFunc(r.summary.Missing, func(m summary.Missing) bool { return m.Cell == hash })
}

// games returns the number of games in the summary, one for each defender.
func (r *storedRun) games() int {
	n := 0
	if r.summary != nil {
		for _, point := range r.summary.Points {
			n += len(point.Games)
		}
	}
	return n
}

// headline returns the result in one line: for a run the mean ASR of each game without
// a defense, for tables and sweeps their title and the number of games.
func (r *storedRun) headline() string {
	if r.summary == nil {
		return "no result yet"
	}
	if !r.oneConfiguration() {
		title := "sweep"
		if origin := r.summary.Origin; origin != nil {
			title = cmp.Or(origin.Title, origin.Name, title)
		}
		return title + ", " + words.Plural(r.games(), "game")
	}
	var counts, rates []string
	defenders := map[string]bool{}
	for at, game := range r.summary.Points[0].Games {
		if game.Defender != plan.Undefended {
			defenders[game.Defender] = true
			continue
		}
		rate := "-"
		if mean := r.meanASR(at); mean.Defined() {
			rate = strconv.FormatFloat(100*float64(mean), 'f', 0, 64)
		}
		counts, rates = append(counts, strconv.Itoa(game.N)), append(rates, rate)
	}
	text := fmt.Sprintf("N = %s: ASR %s %%", strings.Join(counts, ", "), strings.Join(rates, ", "))
	if len(defenders) > 0 {
		text += "; " + words.Plural(len(defenders), "defender")
	}
	return text
}

// oneConfiguration reports whether the run played one configuration, with one seed or
// several: no other key varies between its points.
func (r *storedRun) oneConfiguration() bool {
	if origin := r.summary.Origin; origin != nil && origin.Kind != string(report.Points) {
		return false
	}
	points := r.summary.Points
	for _, point := range points {
		if len(point.Keys) > 0 || len(point.Games) != len(points[0].Games) {
			return false
		}
	}
	return len(points) > 0
}

// meanASR returns the mean over the seeds of the ASR of the game at a position;
// undefined where none has a result.
func (r *storedRun) meanASR(at int) stats.Number {
	var rates []float64
	for _, point := range r.summary.Points {
		if game := point.Games[at]; game.Complete && game.ASR.Mean.Defined() {
			rates = append(rates, float64(game.ASR.Mean))
		}
	}
	return stats.Summarize(rates).Mean
}
