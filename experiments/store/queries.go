package store

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
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/game"
)

// inquired is what an inquiry found out.
type AttributionAnswers struct {
	Probes []AttributedProbe
	// unlearned holds for each attacker the predictions for all probes after its
	// sub-dataset was unlearned, one attacker after the other.
	Unlearned []uint8
}

// asked is a probe that an inquiry asks with.
type AttributedProbe struct {
	Position int // position in game.Probes
	Probe    game.Probe
	Batch    int // number of its query by the batch
	// guesses are positions of attackers, by form and method in the orders of
	// indexing.Forms and detect.Methods.
	Guesses map[indexing.Form][]int
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
func writeQueries(path string, cell cell.Cell, all []AttributedProbe) error {
	id := func(position int) string { return strconv.Itoa(cell.Game.Attackers[position].ID) }
	return WriteCSV(path, func(write func(...string)) {
		write(queriesHead()...)
		for _, a := range all {
			owner, trigger := defenderName, ""
			if a.Probe.Owner != game.Defender {
				owner = id(a.Probe.Owner)
			}
			if a.Probe.Trigger != game.NoTrigger {
				trigger = id(a.Probe.Trigger)
			}
			line := []string{strconv.Itoa(a.Position), owner, trigger, strconv.Itoa(int(a.Probe.Label)), strconv.Itoa(a.Batch)}
			for _, form := range indexing.Forms() {
				for _, guess := range a.Guesses[form] {
					line = append(line, id(guess))
				}
			}
			write(line...)
		}
	})
}

// Asked reads what an inquiry asked and what the answers were.
func (r *Record) AttributedProbes() ([]AttributedProbe, error) {
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
	var all []AttributedProbe
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
func parseAsked(line []string, position func(id string) (int, error)) (AttributedProbe, error) {
	a := AttributedProbe{Probe: game.Probe{Owner: game.Defender, Trigger: game.NoTrigger}, Guesses: map[indexing.Form][]int{}}
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
	number(line[0], &a.Position)
	if line[1] != defenderName {
		attacker(line[1], &a.Probe.Owner)
	}
	if line[2] != "" {
		attacker(line[2], &a.Probe.Trigger)
	}
	number(line[3], &label)
	a.Probe.Label = uint8(label)
	number(line[4], &a.Batch)
	guesses := line[5:]
	for _, form := range indexing.Forms() {
		own := make([]int, len(detect.Methods()))
		for i := range own {
			attacker(guesses[i], &own[i])
		}
		a.Guesses[form], guesses = own, guesses[len(own):]
	}
	return a, errors.Join(errs...)
}

// unlearned reads the predictions after each attacker was unlearned.
func (r *Record) UnlearnedPredictions() ([][]uint8, error) {
	all, err := r.read(UnlearnedFile)
	if err != nil {
		return nil, err
	}
	attackers := len(r.Cell.Game.Attackers)
	if len(all)%attackers != 0 {
		return nil, fmt.Errorf("experiments: read predictions: %w: %s holds %d of %d attackers", ErrBroken, UnlearnedFile, len(all), attackers)
	}
	return slices.Collect(slices.Chunk(all, len(all)/attackers)), nil
}
