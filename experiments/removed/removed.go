// Package removed counts and lists the contributed images that a filter removed before a
// model was trained anew.
package removed

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/disk"
)

// File is the name of the file of a result that lists the images that a filter removed.
const File = "filter.csv"

// ErrFile is wrapped by the refusal of a list that no filter can have made.
var ErrFile = errors.New("not a list of removed images")

// Counts counts what a filter removed of the contributed images.
type Counts struct {
	Precision  game.Rate `json:"precision"`   // of the removed images: those with an attacker's trigger
	Recall     game.Rate `json:"recall"`      // of the images with an attacker's trigger: those that were removed
	HonestLost game.Rate `json:"honest_lost"` // of the images without one: those that were removed
	// Agents are the contributors in the order of game.Rules.AgentIDs.
	Agents []Agent `json:"agents"`
}

// Agent counts what a filter removed of one agent's contribution.
type Agent struct {
	ID         int       `json:"id"`
	Precision  game.Rate `json:"precision"`
	Recall     game.Rate `json:"recall"`
	HonestLost game.Rate `json:"honest_lost"`
	// LostByClass counts the removed images without a trigger, by class.
	LostByClass []int `json:"lost_by_class"`
}

// Count counts what a filter removed of the rows of a training set: those at the positions in removed.
func Count(c cell.Cell, rows []game.Row, removed []int) *Counts {
	counts := &Counts{}
	for _, id := range c.Game.AgentIDs() {
		counts.Agents = append(counts.Agents, Agent{ID: id, LostByClass: make([]int, len(c.Data.Classes))})
	}
	out := make([]bool, len(rows))
	for _, at := range removed {
		out[at] = true
	}
	for i, row := range rows {
		if row.Owner == game.Defender {
			continue
		}
		agent, poisoned := &counts.Agents[row.Owner], row.Trigger != game.NoTrigger
		add(&counts.Precision, &counts.Recall, &counts.HonestLost, out[i], poisoned)
		add(&agent.Precision, &agent.Recall, &agent.HonestLost, out[i], poisoned)
		if out[i] && !poisoned {
			agent.LostByClass[row.Old]++
		}
	}
	return counts
}

// add adds an image to the rates of which it is a part.
func add(precision, recall, lost *game.Rate, out, poisoned bool) {
	count := func(rate *game.Rate, hit bool) {
		rate.Of++
		if hit {
			rate.Hits++
		}
	}
	if out {
		count(precision, poisoned)
	}
	if poisoned {
		count(recall, out)
	} else {
		count(lost, out)
	}
}

// head returns the columns of File.
func head() []string {
	return []string{"row", "source", "owner", "trigger", "old_label", "new_label"}
}

// Write lists the rows at the positions in removed in File in a directory. Owner and trigger are agents' IDs; row is
// the position in the training set before the filter.
func Write(dir disk.Dir, c cell.Cell, rows []game.Row, removed []int) error {
	ids := c.Game.AgentIDs()
	lines := [][]string{head()}
	for _, at := range removed {
		row, trigger := rows[at], ""
		if row.Trigger != game.NoTrigger {
			trigger = strconv.Itoa(ids[row.Trigger])
		}
		lines = append(lines, []string{
			strconv.Itoa(at), strconv.Itoa(row.Source), strconv.Itoa(ids[row.Owner]), trigger, strconv.Itoa(int(row.Old)), strconv.Itoa(int(row.New)),
		})
	}
	var text bytes.Buffer
	err := csv.NewWriter(&text).WriteAll(lines)
	if err == nil {
		err = dir.WriteFile(File, text.Bytes())
	}
	if err != nil {
		return fmt.Errorf("removed: write %s: %w", File, err)
	}
	return nil
}

// Read reads the positions of the rows that a filter removed, in ascending order, from File in a directory. The
// error wraps ErrFile for a file with other columns or positions out of order.
func Read(dir disk.Dir) ([]int, error) {
	text, err := dir.ReadFile(File, disk.MaxRecord)
	if err != nil {
		return nil, fmt.Errorf("removed: read %s: %w", File, err)
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(lines) == 0 || !slices.Equal(lines[0], head()) {
		return nil, fmt.Errorf("removed: read %s: unknown columns: %w", File, errors.Join(err, ErrFile))
	}
	rows := []int{}
	for i, line := range lines[1:] {
		at, err := strconv.Atoi(line[0])
		if err != nil || at < 0 || len(rows) > 0 && at <= rows[len(rows)-1] {
			return nil, fmt.Errorf("removed: read %s: line %d: row %q: %w", File, i+2, line[0], ErrFile)
		}
		rows = append(rows, at)
	}
	return rows, nil
}
