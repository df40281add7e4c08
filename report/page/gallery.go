package page

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/words"
	"backfire/triggers"
)

// imagesEach is the number of images that each trigger is shown on.
const imagesEach = 3

// stampedIn returns the number of images that a trigger is shown on: imagesEach in the first gallery
// of a dataset, one in its others, which differ in the seed alone, and none if it was not kept.
func (p *Page) stampedIn(gallery *Gallery, kept bool) int {
	first := slices.IndexFunc(p.Galleries, func(g *Gallery) bool { return g.Dataset == gallery.Dataset })
	switch {
	case !kept:
		return 0
	case p.Galleries[first] == gallery:
		return imagesEach
	default:
		return 1
	}
}

// Gallery shows the triggers of a dataset under one seed.
type Gallery struct {
	Dataset string
	Seed    uint64
	Entries []Entry // of the games
	Tried   []Entry // played alone and not kept

	undrawn int // triggers beyond mostDrawn
}

// Entry is one trigger.
type Entry struct {
	Attacker int
	Label    string // name of the attacker's target
	ID       string // of the trigger
	Text     string // size and parameters
	Draw     int    // number among the attacker's draws, from 1
	Pictures []Picture

	p1 float64
}

// Picture is an image with its text alternative.
type Picture struct {
	URL template.URL // data:
	Alt string
	Of  string // alone, or the class of the image
}

// galleries draws the triggers that models were trained with, each once for each
// dataset and seed, at most mostDrawn of them.
func (p *Page) galleries(ctx context.Context, found *images, results *resultCache) error {
	known := map[string]bool{}
	records := results.all()
	// Kept triggers come before tried ones, and large games first, since they show the
	// most triggers at once.
	slices.SortStableFunc(records, func(a, b *store.Record) int {
		kept := func(r *store.Record) int { return map[bool]int{true: 1}[results.kept[r.Result.Cell]] }
		return cmp.Or(cmp.Compare(kept(b), kept(a)), cmp.Compare(len(b.Cell.Game.Attackers), len(a.Cell.Game.Attackers)))
	})
	if slices.ContainsFunc(records, func(r *store.Record) bool { return r.Cell.Game.Sampling == game.PerImage }) {
		p.Notes = append(p.Notes, "Where trigger.sampling is per_image, every image has a trigger of its own, so there is none to show.")
	}
	if slices.ContainsFunc(records, func(r *store.Record) bool { return r.Cell.Game.Jitter > 0 }) {
		p.Notes = append(p.Notes, "With trigger.jitter, every image carries a part of its attacker's trigger, which is shown whole.")
	}
	undrawn := map[string]map[uint64]bool{} // seeds beyond mostGalleries, by dataset
	for _, record := range records {
		rules := record.Cell.Game
		if !p.hasRoom(record) {
			if undrawn[record.Cell.Data.Name] == nil {
				undrawn[record.Cell.Data.Name] = map[uint64]bool{}
			}
			undrawn[record.Cell.Data.Name][rules.Seed] = true
			continue
		}
		if record.Cell.Defense != nil || !slices.ContainsFunc(record.Result.Attackers, func(a store.AttackerResult) bool {
			return a.Trigger != "" && !known[entryKey(record, a.Trigger)]
		}) {
			continue
		}
		set, err := found.find(ctx, record.Cell.Data)
		if err != nil {
			return err
		}
		if set == nil {
			continue
		}
		g, err := game.New(set, rules)
		if err != nil {
			p.Notes = append(p.Notes, fmt.Sprintf("The triggers of %.12s cannot be drawn: %v.", record.Result.Cell, err))
			continue
		}
		if err := p.drawTriggers(record, g, set, results.kept[record.Result.Cell], known); err != nil {
			return err
		}
	}
	p.order(undrawn)
	p.Notes = append(p.Notes, found.notes...)
	return nil
}

// order notes what is not drawn, the seeds by dataset and the triggers, and sorts the galleries and their entries.
func (p *Page) order(undrawn map[string]map[uint64]bool) {
	for _, gallery := range p.Galleries {
		if gallery.undrawn > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("Of the triggers on %s with seed %d, %d are drawn and %d more are not.",
				gallery.Dataset, gallery.Seed, len(gallery.Entries)+len(gallery.Tried), gallery.undrawn))
		}
		for _, entries := range [][]Entry{gallery.Entries, gallery.Tried} {
			slices.SortStableFunc(entries, func(a, b Entry) int {
				return cmp.Or(cmp.Compare(a.Attacker, b.Attacker), cmp.Compare(a.p1, b.p1), cmp.Compare(a.Draw, b.Draw))
			})
		}
	}
	for _, dataset := range slices.Sorted(maps.Keys(undrawn)) {
		p.Notes = append(p.Notes, fmt.Sprintf("The triggers on %s are drawn with %d seeds, and those with %s are not.",
			dataset, mostGalleries, words.Plural(len(undrawn[dataset]), "more seed")))
	}
	slices.SortStableFunc(p.Galleries, func(a, b *Gallery) int { return cmp.Compare(a.Seed, b.Seed) })
	slices.SortStableFunc(p.Galleries, func(a, b *Gallery) int { return cmp.Compare(a.Dataset, b.Dataset) })
}

// mostDrawn is the largest number of triggers that are drawn for a dataset and seed. Those of the
// first attackers show what a thousand would.
const mostDrawn = 100

// mostGalleries is the largest number of seeds of a dataset whose triggers are drawn, so that the page of
// thousands of seeds stays small.
const mostGalleries = 24

// hasRoom reports whether the triggers of a record's dataset and seed are drawn.
func (p *Page) hasRoom(r *store.Record) bool {
	galleries := 0
	for _, g := range p.Galleries {
		if g.Dataset == r.Cell.Data.Name {
			if g.Seed == r.Cell.Game.Seed {
				return true
			}
			galleries++
		}
	}
	return galleries < mostGalleries
}

// drawTriggers draws the triggers of a game that are not known yet, as far as the gallery has room.
func (p *Page) drawTriggers(record *store.Record, g *game.Game, set *datasets.Set, kept bool, known map[string]bool) error {
	gallery := p.gallery(record.Cell.Data.Name, record.Cell.Game.Seed)
	for i, trigger := range g.Triggers() {
		key := entryKey(record, trigger.ID())
		if known[key] {
			continue
		}
		known[key] = true
		if len(gallery.Entries)+len(gallery.Tried) >= mostDrawn {
			gallery.undrawn++
			continue
		}
		entry, err := newEntry(g, set, i, p.stampedIn(gallery, kept))
		if err != nil {
			return err
		}
		if kept {
			gallery.Entries = append(gallery.Entries, entry)
		} else {
			gallery.Tried = append(gallery.Tried, entry)
		}
	}
	return nil
}

// entryKey returns the key of a trigger within the page.
func entryKey(r *store.Record, trigger string) string {
	return fmt.Sprint(r.Cell.Data.Checksum, r.Cell.Game.Seed, trigger)
}

// gallery returns the gallery of a dataset and seed, a new one if there is none.
func (p *Page) gallery(dataset string, seed uint64) *Gallery {
	i := slices.IndexFunc(p.Galleries, func(g *Gallery) bool { return g.Dataset == dataset && g.Seed == seed })
	if i < 0 {
		p.Galleries = append(p.Galleries, &Gallery{Dataset: dataset, Seed: seed})
		i = len(p.Galleries) - 1
	}
	return p.Galleries[i]
}

// galleryLabel returns the target of an attacker: the bare name of a class, without its number.
func galleryLabel(a game.Attacker, classes []string) string {
	if a.Mapping == game.AllToOne {
		return classes[a.Target]
	}
	return cell.TargetText(a, classes)
}

// newEntry draws the trigger of the attacker at a position, alone and on some images.
func newEntry(g *game.Game, set *datasets.Set, position, stamped int) (Entry, error) {
	trigger, attacker := g.Triggers()[position], g.Rules().Attackers[position]
	e := Entry{
		Attacker: attacker.ID, Label: galleryLabel(attacker, set.Classes), ID: trigger.ID(), Draw: attacker.Draw + 1, p1: attacker.Trigger.P1,
		Text: fmt.Sprintf("%d px in %s", trigger.Pixels(), trigger.Box),
	}
	if attacker.Trigger.P1 == attacker.Trigger.P2 {
		e.Text += fmt.Sprintf(", p1 = p2 = %v", attacker.Trigger.P1)
	} else {
		e.Text += fmt.Sprintf(", p1 = %v, p2 = %v", attacker.Trigger.P1, attacker.Trigger.P2)
	}
	alone, err := picture(func(w io.Writer) error { return trigger.WritePNG(w, 1) })
	if err != nil {
		return Entry{}, err
	}
	e.Pictures = []Picture{{alone, fmt.Sprintf("Trigger of attacker %d alone: %s", e.Attacker, e.Text), "alone"}}
	held := g.Deal().Attackers[position].HeldOut
	for _, at := range held[:min(stamped, len(held))] {
		class := set.Classes[set.Labels[at]]
		on, err := picture(func(w io.Writer) error { return triggers.WriteStampedPNG(w, trigger, set.Image(at), 1) })
		if err != nil {
			return Entry{}, err
		}
		e.Pictures = append(e.Pictures, Picture{on, fmt.Sprintf("Image of class %s with the trigger of attacker %d", class, e.Attacker), class})
	}
	return e, nil
}

// picture returns the image that draw writes as a data URL.
func picture(draw func(io.Writer) error) (template.URL, error) {
	var drawn bytes.Buffer
	if err := draw(&drawn); err != nil {
		return "", err
	}
	data, err := smaller(drawn.Bytes())
	if err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(data)), nil // made here
}

// images finds the images that cells were trained on.
type images struct {
	in      Input
	sets    map[string]*datasets.Set // by checksum
	refused map[string]bool          // checksums that were not found
	notes   []string
}

// find returns the images of a cell. If they cannot be found, it returns nil and adds a
// note with the reason. The error is that of a cancelled context.
func (im *images) find(ctx context.Context, data cell.Data) (*datasets.Set, error) {
	if set := im.sets[data.Checksum]; set != nil || im.refused[data.Checksum] {
		return set, nil
	}
	var why error
	for _, split := range []string{datasets.SplitAuto, datasets.SplitAll, datasets.SplitTrain, datasets.SplitTest} {
		source := im.in.Images
		if source.Name != data.Name {
			source.Name, source.Path = data.Name, ""
		}
		source.Split = split
		set, err := im.in.Load(ctx, source)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && set.Checksum == data.Checksum {
			im.sets[data.Checksum] = set
			return set, nil
		}
		if err == nil {
			err = cell.ErrOtherData
		}
		why = cmp.Or(why, err)
	}
	im.refused[data.Checksum] = true
	im.notes = append(im.notes, fmt.Sprintf("No pictures of triggers on %s: %v.", data.Name, why))
	return nil, nil
}
