package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"backfire/experiments/store"
)

// latestRun is the name of the run that was given last, the first of "runs list".
const latestRun = "latest"

// runName returns the name of a stored run with latest replaced by the hash of the
// latest run. Other names are returned as they are. Commands that take runs pass each
// name through it, and read the summary of the run afterwards. The error is a
// [UsageError] where the store has no run, or where the latest has no summary yet.
func runName(st *store.Store, name string) (string, error) {
	if name != latestRun {
		return name, nil
	}
	runs, err := storedRuns(st, func(error) {})
	switch {
	case err != nil:
		return "", err
	case len(runs) == 0:
		return "", Usagef("find the latest run: %s has no run", st.Dir())
	case runs[0].summary == nil:
		return "", Usagef("find the latest run: %s has no summary: it is still running or was interrupted", runs[0].name())
	}
	return runs[0].hash, nil
}

// findRun returns the run that a name stands for: latest, a hash or its beginning. The
// error wraps [errNoRun] where there is none.
func findRun(st *store.Store, name string, warn func(error)) (*storedRun, error) {
	runs, err := storedRuns(st, warn)
	if err != nil {
		return nil, err
	}
	var found []*storedRun
	for i := range runs {
		if name == latestRun && i == 0 || name != "" && strings.HasPrefix(runs[i].hash, strings.ToLower(name)) {
			found = append(found, &runs[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, Usagef("find %q in %s: %w; \"backfire runs list\" shows the runs", name, st.Dir(), errNoRun)
	case 1:
		return found[0], nil
	default:
		return nil, Usagef("find %q in %s: %d runs begin so: give more of the hash", name, st.Dir(), len(found))
	}
}

// errNoRun is wrapped by the error about a name of no run.
var errNoRun = errors.New("there is no such run")

// runModels returns the hashes of the models that a name stands for: those of a run,
// with the path of its summary, or else the model whose hash begins so.
func runModels(st *store.Store, name string) (hashes []string, path string, err error) {
	run, err := findRun(st, name, func(error) {})
	model, missing := st.Find(name)
	switch {
	case err == nil && missing == nil && name != latestRun:
		return nil, "", Usagef("find %q in %s: a run and a model begin so: give more of the hash", name, st.Dir())
	case err == nil && run.summary == nil:
		return nil, "", Usagef("find %q in %s: the run has no summary: it is still running or was interrupted", name, st.Dir())
	case err == nil:
		return run.models(), run.summary.Path, nil
	case !errors.Is(err, errNoRun):
		return nil, "", err
	case errors.Is(missing, store.ErrNotStored):
		return nil, "", Usagef("%w; \"backfire models list\" and \"backfire runs list\" list models and runs", missing)
	case errors.Is(missing, store.ErrAmbiguous):
		return nil, "", &UsageError{Err: missing}
	case missing != nil:
		return nil, "", fmt.Errorf("find %q: %w", name, missing)
	}
	return []string{model}, "", nil
}

// selectedModels returns the hashes of the models that names of runs and models stand for, and the paths of
// the summaries of the runs, each once.
func selectedModels(st *store.Store, names []string) (hashes, summaries []string, err error) {
	for _, name := range names {
		models, summary, err := runModels(st, name)
		if err != nil {
			return nil, nil, err
		}
		for _, hash := range models {
			if !slices.Contains(hashes, hash) {
				hashes = append(hashes, hash)
			}
		}
		if summary != "" && !slices.Contains(summaries, summary) {
			summaries = append(summaries, summary)
		}
	}
	return hashes, summaries, nil
}
