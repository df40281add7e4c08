package store

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/disk"
)

// FilterFile is the name of the file that lists the images that a filter removed.
const FilterFile = "filter.csv"

// Filtered counts what a filter removed of the contributed images.
type Filtered struct {
	Precision  game.Rate `json:"precision"`   // of the removed images: those with an attacker's trigger
	Recall     game.Rate `json:"recall"`      // of the images with an attacker's trigger: those that were removed
	HonestLost game.Rate `json:"honest_lost"` // of the images without one: those that were removed
	// Agents are the contributors in the order of game.Rules.AgentIDs.
	Agents []FilteredAgent `json:"agents"`
}

// FilteredAgent counts what a filter removed of one agent's contribution.
type FilteredAgent struct {
	ID         int       `json:"id"`
	Precision  game.Rate `json:"precision"`
	Recall     game.Rate `json:"recall"`
	HonestLost game.Rate `json:"honest_lost"`
	// LostByClass counts the removed images without a trigger, by class.
	LostByClass []int `json:"lost_by_class"`
}

// NewFiltered counts what a filter removed of the rows of a training set: those at the positions in removed.
func NewFiltered(c cell.Cell, rows []game.Row, removed []int) *Filtered {
	f := &Filtered{}
	for _, id := range c.Game.AgentIDs() {
		f.Agents = append(f.Agents, FilteredAgent{ID: id, LostByClass: make([]int, len(c.Data.Classes))})
	}
	out := make([]bool, len(rows))
	for _, at := range removed {
		out[at] = true
	}
	for i, row := range rows {
		if row.Owner == game.Defender {
			continue
		}
		agent, poisoned := &f.Agents[row.Owner], row.Trigger != game.NoTrigger
		for _, rate := range []struct {
			of, hit bool
			into    *game.Rate
		}{
			{out[i], poisoned, &agent.Precision}, {poisoned, out[i], &agent.Recall}, {!poisoned, out[i], &agent.HonestLost},
			{out[i], poisoned, &f.Precision}, {poisoned, out[i], &f.Recall}, {!poisoned, out[i], &f.HonestLost},
		} {
			if rate.of {
				rate.into.Of++
				if rate.hit {
					rate.into.Hits++
				}
			}
		}
		if out[i] && !poisoned {
			agent.LostByClass[row.Old]++
		}
	}
	return f
}

// filterHead returns the columns of FilterFile.
func filterHead() []string {
	return []string{"row", "source", "owner", "trigger", "old_label", "new_label"}
}

// WriteRemoved lists the rows at the positions in removed in FilterFile in dir. Owner and trigger are agents' IDs;
// row is the position in the training set before the filter.
func WriteRemoved(dir string, c cell.Cell, rows []game.Row, removed []int) error {
	ids := c.Game.AgentIDs()
	err := writeCSV(filepath.Join(dir, FilterFile), func(write func(...string)) {
		write(filterHead()...)
		for _, at := range removed {
			row, trigger := rows[at], ""
			if row.Trigger != game.NoTrigger {
				trigger = strconv.Itoa(ids[row.Trigger])
			}
			write(strconv.Itoa(at), strconv.Itoa(row.Source), strconv.Itoa(ids[row.Owner]), trigger,
				strconv.Itoa(int(row.Old)), strconv.Itoa(int(row.New)))
		}
	})
	if err != nil {
		return fmt.Errorf("store: write %s: %w", FilterFile, err)
	}
	return nil
}

// writeRemoved writes FilterFile for a cell with a filter.
func (f ResultFiles) writeRemoved(dir string) error {
	if f.Removed == nil {
		return nil
	}
	return WriteRemoved(dir, f.Cell, f.Unfiltered, f.Removed)
}

// ReadRemoved reads the positions of the rows that a filter removed, in ascending order, from FilterFile in a
// directory. The error wraps ErrBroken for a file with other columns or positions out of order.
func ReadRemoved(dir disk.Dir) ([]int, error) {
	text, err := dir.ReadFile(FilterFile, disk.MaxRecord)
	if err != nil {
		return nil, fmt.Errorf("store: read removed images: %w", err)
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(lines) == 0 || !slices.Equal(lines[0], filterHead()) {
		return nil, fmt.Errorf("store: read removed images: unknown columns: %w", errors.Join(err, ErrBroken))
	}
	var removed []int
	for i, line := range lines[1:] {
		at, err := strconv.Atoi(line[0])
		if err != nil || at < 0 || len(removed) > 0 && at <= removed[len(removed)-1] {
			return nil, fmt.Errorf("store: read removed images: line %d: row %q: %w", i+2, line[0], ErrBroken)
		}
		removed = append(removed, at)
	}
	return removed, nil
}
