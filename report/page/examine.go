package page

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"strconv"

	"backfire/defenses/features"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/game"
	"backfire/internal/pixels"
	"backfire/report"
	"backfire/report/layout"
)

// Asker asks a stored model about images: raw values, N*C*H*W of them.
type Asker interface {
	// Examine returns the probability of each class and the penultimate features, both by image.
	Examine(ctx context.Context, hash string, images []uint8) (probabilities, features [][]float32, err error)
}

// Sizes of what is shown of a model: of how many attackers, how many of their images of each kind, and how many
// images of each series of the features.
const (
	mostExamined = 3
	examinedEach = 4
	featuresEach = 40
)

// Fooled shows images with an attacker's trigger that the model took for the target, and others that it did not.
type Fooled struct {
	Attacker int
	Label    string // name of the target
	Hits, Of int    // of all such images
	Yes, No  []Picture
}

// examined is a model that the page looks at.
type examined struct {
	record    *store.Record
	game      *game.Game
	probes    *game.Probes
	predicted []uint16
	asked     []int             // positions of the probes that the model is asked about
	of        map[int][]float32 // their probabilities
	features  map[int][]float32 // their features
}

// examine adds what the model of the largest undefended game makes of single images: those that fooled it, and,
// if stored models are asked, its features. A model or images that are not here are left out; a model that cannot
// be asked becomes a note.
func (p *Page) examine(ctx context.Context, s *Section, sum *summary.Summary, dataset string, results *resultCache, found *images) error {
	largest := report.Examined(sum, dataset)
	if largest == nil {
		return nil
	}
	e, err := newExamined(ctx, results.record(sum.Store, largest.Cell), found)
	if err != nil || e == nil {
		return err
	}
	chosen := e.choose()
	series := e.series()
	if found.in.Ask != nil {
		if err := e.ask(ctx, found.in.Ask(sum.Store)); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.Notes = append(p.Notes, fmt.Sprintf("The model of %s cannot be asked, so that its features are not shown: %v.", e.record.Cell.Title(), err))
		}
	}
	for _, one := range chosen {
		row, err := e.fooled(one)
		if err != nil {
			return err
		}
		s.Fooled = append(s.Fooled, row)
	}
	s.Examined = fmt.Sprintf("%s, seed %d", e.record.Cell.Title(), e.record.Cell.Game.Seed)
	f, err := e.figure(series, s.Table.FileName())
	if err != nil || f == nil {
		return err
	}
	d, err := layout.Draw(f)
	if err != nil {
		return err
	}
	s.Figures = append(s.Figures, d)
	return nil
}

// newExamined deals the game of a record; nil where something of it is not here.
func newExamined(ctx context.Context, record *store.Record, found *images) (*examined, error) {
	if record == nil {
		return nil, nil
	}
	set, err := found.find(ctx, record.Cell.Data)
	if err != nil || set == nil {
		return nil, err
	}
	g, err := game.New(set, record.Cell.Game)
	if err != nil {
		return nil, nil //nolint:nilerr // the note of its triggers names the reason
	}
	e := &examined{record: record, game: g, probes: g.Probes(), of: map[int][]float32{}, features: map[int][]float32{}}
	e.predicted, err = record.Predictions(len(record.Cell.Data.Classes))
	if err != nil || len(e.predicted) < e.probes.N {
		return nil, nil //nolint:nilerr // the figures of predictions are without it, too
	}
	return e, nil
}

// images returns the positions of the probes of an owner that carry a trigger, or none.
func (e *examined) images(owner, trigger int) []int {
	var at []int
	for i, probe := range e.probes.List {
		if probe.Owner == owner && probe.Trigger == trigger {
			at = append(at, i)
		}
	}
	return at
}

// chosenImages are the images of an attacker that are shown.
type chosenImages struct {
	attacker, hits, of int
	yes, no            []int
}

// choose chooses the first images of each of the first attackers that fooled the model, and that did not. Images
// of the target class itself are left out.
func (e *examined) choose() []chosenImages {
	classes := len(e.record.Cell.Data.Classes)
	var all []chosenImages
	for i, a := range e.game.Rules().Attackers {
		if i == mostExamined {
			break
		}
		one := chosenImages{attacker: i}
		for _, at := range e.images(i, i) {
			label := int(e.probes.List[at].Label)
			wanted, attacked := a.Wants(label, classes)
			if !attacked || wanted == label {
				continue
			}
			one.of++
			into := &one.no
			if int(e.predicted[at]) == wanted {
				one.hits++
				into = &one.yes
			}
			if len(*into) < examinedEach {
				*into = append(*into, at)
				e.asked = append(e.asked, at)
			}
		}
		if one.of > 0 {
			all = append(all, one)
		}
	}
	return all
}

// fooled returns the pictures of chosen images.
func (e *examined) fooled(one chosenImages) (Fooled, error) {
	attacker := e.game.Rules().Attackers[one.attacker]
	row := Fooled{Attacker: attacker.ID, Label: galleryLabel(attacker, e.record.Cell.Data.Classes), Hits: one.hits, Of: one.of}
	for _, part := range []struct {
		at   []int
		into *[]Picture
	}{{one.yes, &row.Yes}, {one.no, &row.No}} {
		for _, at := range part.at {
			shown, err := e.picture(at)
			if err != nil {
				return Fooled{}, err
			}
			*part.into = append(*part.into, shown)
		}
	}
	return row, nil
}

// picture returns a probe as a picture, with what the model takes it for.
func (e *examined) picture(at int) (Picture, error) {
	shape, classes := e.probes.Shape, e.record.Cell.Data.Classes
	size := shape.Size()
	url, err := picture(func(w io.Writer) error {
		return png.Encode(w, pixels.Picture(e.probes.Images[at*size:(at+1)*size], shape.C, shape.H, shape.W))
	})
	if err != nil {
		return Picture{}, err
	}
	label, guess := classes[e.probes.List[at].Label], classes[e.predicted[at]]
	text := guess
	if probabilities := e.of[at]; probabilities != nil {
		text += fmt.Sprintf(", %.0f\u00a0%%", 100*float64(probabilities[e.predicted[at]]))
	}
	return Picture{URL: url, Alt: fmt.Sprintf("Image of class %s with a trigger, taken for %s", label, text), Of: label + " → " + text}, nil
}

// imageSeries are the probes of a series of the figure of features.
type imageSeries struct {
	name string
	at   []int
}

// series chooses the probes whose features are shown: of the defender, and of the first attackers with and without
// their triggers.
func (e *examined) series() []imageSeries {
	all := []imageSeries{{"defender's", e.images(game.Defender, game.NoTrigger)}}
	for i, a := range e.game.Rules().Attackers {
		if i == mostExamined {
			break
		}
		name := "attacker " + strconv.Itoa(a.ID)
		all = append(all, imageSeries{name + "'s, clean", e.images(i, game.NoTrigger)}, imageSeries{name + "'s, with its trigger", e.images(i, i)})
	}
	for i := range all {
		all[i].at = spaced(all[i].at, featuresEach)
		e.asked = append(e.asked, all[i].at...)
	}
	return all
}

// spaced returns at most so many of the values, evenly spaced.
func spaced(values []int, most int) []int {
	if len(values) <= most {
		return values
	}
	chosen := make([]int, most)
	for i := range chosen {
		chosen[i] = values[i*len(values)/most]
	}
	return chosen
}

// ask asks the model about the chosen probes.
func (e *examined) ask(ctx context.Context, asker Asker) error {
	size := e.probes.Shape.Size()
	var values []uint8
	for _, at := range e.asked {
		values = append(values, e.probes.Images[at*size:(at+1)*size]...)
	}
	probabilities, vectors, err := asker.Examine(ctx, e.record.Result.Cell, values)
	if err != nil {
		return err
	}
	if len(probabilities) != len(e.asked) || len(vectors) != len(e.asked) {
		return fmt.Errorf("page: examine: the engine answered with %d probabilities and %d features to %d images", len(probabilities), len(vectors), len(e.asked))
	}
	for i, at := range e.asked {
		e.of[at], e.features[at] = probabilities[i], vectors[i]
	}
	return nil
}

// figure returns the drawing of the features in two dimensions; nil where the model was not asked, or where all
// features are the same.
func (e *examined) figure(series []imageSeries, stem string) (*figures.Figure, error) {
	if len(e.features) == 0 {
		return nil, nil
	}
	var values []float32
	for _, one := range series {
		for _, at := range one.at {
			values = append(values, e.features[at]...)
		}
	}
	coordinates, shares, err := features.Plane(values, len(e.features[e.asked[0]]))
	if err != nil {
		return nil, nil //nolint:nilerr // features that do not vary, or are not finite, have no drawing
	}
	chart := figures.Chart{
		Name: "features", Title: "Penultimate features by owner and kind",
		Caption: fmt.Sprintf("The first two principal components of the features of %d held-out images, which hold %.0f %% and %.0f %% of their variance. One model: %s.",
			len(coordinates), 100*shares[0], 100*shares[1], e.record.Cell.Title()),
		X: figures.Axis{Label: "first component"}, Y: figures.Axis{Label: "second component"},
	}
	next := 0
	for _, one := range series {
		line := figures.Line{Name: one.name, Loose: true}
		for range one.at {
			line.Points = append(line.Points, figures.At(coordinates[next][0], coordinates[next][1]))
			next++
		}
		chart.Lines = append(chart.Lines, line)
	}
	f, err := chart.Figure()
	if err != nil {
		return nil, err
	}
	f.Name = stem + "-" + f.Name
	f.Basis = fmt.Sprintf("One seed: %d; one model.", e.record.Cell.Game.Seed)
	return f, nil
}
