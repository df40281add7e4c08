package experiments

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"backfire/defenses/detect"
	"backfire/defenses/features"
	"backfire/defenses/indexing"
	"backfire/game"
	"backfire/internal/streams"
)

// Inquiry asks the model of a cell whose sub-dataset queries come from, by every
// method of package detect and in every form of package indexing, and unlearns
// each attacker's sub-dataset in turn.
type Inquiry struct {
	// Batch is the number of images of a query by the batch.
	Batch int `json:"batch" yaml:"batch"`
	// Queries is how many images of one owner, with and without trigger, are
	// asked with at most; 0 for all.
	Queries int `json:"queries" yaml:"queries"`
	// Unlearning is how a sub-dataset is unlearned, in batches of the training's
	// size.
	Unlearning indexing.Unlearning `json:"unlearning" yaml:"unlearning"`
}

// base returns the cell without its inquiry: the training of the model that is
// asked.
func (c Cell) base() Cell {
	c.Inquiry = nil
	return c
}

// unlearned is the number of images that pass through the gradient steps of
// unlearning one attacker's sub-dataset.
func (c Cell) unlearned() int64 {
	return 2 * int64(c.Inquiry.Unlearning.Steps) * int64(c.Training.Batch)
}

// query is a question whose images they are.
type query struct {
	probes []int // positions in game.Probes
}

// asked is a probe that an inquiry asks with.
type asked struct {
	at    int // position in game.Probes
	probe game.Probe
	batch int // number of its query by the batch
	// guesses are positions of attackers, by form and method in the orders of
	// indexing.Forms and detect.Methods.
	guesses map[indexing.Form][]int
}

// newAsked chooses the probes of an inquiry: of each owner, with and without
// trigger, all or so many drawn from the stream "queries", and deals them out to
// queries by the batch in their order.
func (i Inquiry) newAsked(list []game.Probe, seed uint64) []asked {
	var all []asked
	batch := 0
	for first := 0; first < len(list); {
		end, kind := first, list[first]
		var group []int
		for end < len(list) && list[end].Owner == kind.Owner && list[end].Trigger == kind.Trigger {
			group = append(group, end)
			end++
		}
		if first = end; i.Queries > 0 {
			group = features.Thin(streams.New(seed, "queries", uint64(kind.Owner+1), uint64(kind.Trigger+1)), group, i.Queries)
		}
		for n, at := range group {
			if n%i.Batch == 0 {
				batch++
			}
			all = append(all, asked{at: at, probe: list[at], batch: batch - 1, guesses: map[indexing.Form][]int{}})
		}
	}
	return all
}

// queries groups what is asked into queries of a form, as positions in it.
func queries(all []asked, form indexing.Form) []query {
	var list []query
	for i, a := range all {
		if form == indexing.Image || i == 0 || all[i-1].batch != a.batch {
			list = append(list, query{})
		}
		last := &list[len(list)-1]
		last.probes = append(last.probes, i)
	}
	return list
}

// queriesHead are the columns of QueriesFile.
func queriesHead() []string {
	head := []string{"probe", "owner", "trigger", "label", "batch"}
	for _, form := range indexing.Forms() {
		for _, method := range detect.Methods() {
			head = append(head, string(form)+"_"+string(method))
		}
	}
	return head
}

// writeQueries writes one line for each probe that was asked with. Owner, trigger
// and guesses are attacker IDs.
func writeQueries(path string, cell Cell, all []asked) error {
	id := func(position int) string { return strconv.Itoa(cell.Game.Attackers[position].ID) }
	return writeCSV(path, func(write func(...string)) {
		write(queriesHead()...)
		for _, a := range all {
			owner, trigger := defenderName, ""
			if a.probe.Owner != game.Defender {
				owner = id(a.probe.Owner)
			}
			if a.probe.Trigger != game.NoTrigger {
				trigger = id(a.probe.Trigger)
			}
			line := []string{strconv.Itoa(a.at), owner, trigger, strconv.Itoa(int(a.probe.Label)), strconv.Itoa(a.batch)}
			for _, form := range indexing.Forms() {
				for _, guess := range a.guesses[form] {
					line = append(line, id(guess))
				}
			}
			write(line...)
		}
	})
}

// Asked reads what an inquiry asked and what the answers were.
func (r *Record) asked() ([]asked, error) {
	file, err := os.Open(filepath.Join(r.Dir, QueriesFile))
	if err != nil {
		return nil, fmt.Errorf("experiments: read queries: %w", err)
	}
	defer file.Close()
	lines := csv.NewReader(file)
	lines.FieldsPerRecord = len(queriesHead())
	position := func(id string) (int, error) {
		for at, a := range r.Cell.Game.Attackers {
			if strconv.Itoa(a.ID) == id {
				return at, nil
			}
		}
		return 0, fmt.Errorf("there is no attacker %q", id)
	}
	if head, err := lines.Read(); err != nil || !slices.Equal(head, queriesHead()) {
		return nil, fmt.Errorf("experiments: read queries: unknown columns %v: %w", head, errors.Join(err, ErrBroken))
	}
	var all []asked
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("experiments: read queries: %w", err)
		}
		a, err := parseAsked(line, position)
		if err != nil {
			return nil, fmt.Errorf("experiments: read queries: line %d: %w", len(all)+2, err)
		}
		all = append(all, a)
	}
}

// parseAsked reads a line of QueriesFile.
func parseAsked(line []string, position func(id string) (int, error)) (asked, error) {
	a := asked{probe: game.Probe{Owner: game.Defender, Trigger: game.NoTrigger}, guesses: map[indexing.Form][]int{}}
	var errs []error
	number := func(text string, into *int) {
		n, err := strconv.Atoi(text)
		*into = n
		errs = append(errs, err)
	}
	attacker := func(id string, into *int) {
		at, err := position(id)
		*into = at
		errs = append(errs, err)
	}
	label := 0
	number(line[0], &a.at)
	if line[1] != defenderName {
		attacker(line[1], &a.probe.Owner)
	}
	if line[2] != "" {
		attacker(line[2], &a.probe.Trigger)
	}
	number(line[3], &label)
	a.probe.Label = uint8(label)
	number(line[4], &a.batch)
	guesses := line[5:]
	for _, form := range indexing.Forms() {
		own := make([]int, len(detect.Methods()))
		for i := range own {
			attacker(guesses[i], &own[i])
		}
		a.guesses[form], guesses = own, guesses[len(own):]
	}
	return a, errors.Join(errs...)
}
