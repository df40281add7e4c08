package worker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/program"
)

// answering returns a shell program that repeats bytes, given in the notation of printf, once for each query.
func answering(t *testing.T, file, perQuery string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "answer")
	text := fmt.Sprintf("#!/bin/sh\nn=$(sed -n 's/.*\"queries\": *\\([0-9]*\\).*/\\1/p' job.json)\ni=0\n"+
		"while [ $i -lt $n ]; do printf '%s'; i=$((i+1)); done > %s\n", perQuery, file)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
	return path
}

// A program may vote: with scores it ranks all classes, with predictions alone the predicted one and then the lowest.
func TestProgramsRankTheClasses(t *testing.T) {
	const one, half = `\000\000\200\077`, `\000\000\000\077` // as float32
	for name, test := range map[string]struct {
		file, perQuery string
		want           []uint16
	}{
		"predictions": {"predictions.bin", `\002`, []uint16{2, 0, 1}},
		"scores":      {"scores.bin", `\000\000\000\000` + one + half, []uint16{1, 2, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := enginetest.NewPlan(t)
			c, ok := plan.Cell(plan.Games[len(plan.Games)-1].Cell)
			require.True(t, ok)
			classes := len(c.Data.Classes)
			for extra := len(test.want); extra < classes; extra++ {
				test.want = append(test.want, uint16(extra))
				if test.file == "scores.bin" {
					test.perQuery += `\000\000\200\277` // -1
				}
			}
			path := answering(t, test.file, test.perQuery)
			sum, err := program.Sum(path)
			require.NoError(t, err)
			c.Defense = cell.NewDefense(defenses.NewStack(defenses.KindExec, &defenses.Exec{Command: "answer", SHA256: sum, Limit: 60}), definition.Model{})
			job := enginetest.NewTrain(t, c)
			job.Program, job.Artefacts.Rankings = path, true
			events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
			last := events[len(events)-1]
			require.Equal(t, worker.KindDone, last.Kind, last.Error)
			stored, err := (&store.Record{Cell: c, Dir: job.Dir}).Ballots()
			require.NoError(t, err)
			require.NotEmpty(t, stored.Probes)
			for probe := range stored.Probes {
				require.Equal(t, test.want, stored.Of(probe))
			}
		})
	}
}
