// Package divergence measures how far the features that one agent contributes
// for a class lie from those that everybody contributes for it: equations 1 and 2
// of the paper (section 7.1), and how that goes with the attacks' success.
package divergence

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/internal/streams"
	"backfire/stats"
)

// ErrData is wrapped where divergences cannot be measured.
var ErrData = errors.New("bad features")

// Part is a part of an agent's images of one class.
type Part string

const (
	// All is the whole of them: pdf(features_Y, Y, j) of equation 1.
	All Part = "all"
	// Clean are those without a trigger, the first of the parts that equation
	// 2 divides the same density into.
	Clean Part = "clean"
	// Triggered are those with a trigger, the second.
	Triggered Part = "triggered"
)

// Data is a training set as a model sees it.
type Data struct {
	// Features holds one penultimate feature vector for each row that is looked
	// at.
	Features *mat.Dense
	// Looked holds these rows, ascending, as Sample returns them; nil: all.
	Looked []int
	// Labels holds the label that each row is trained on.
	Labels []uint8
	// Owners holds who contributed each row, as game.Row does: a position in
	// the list of attackers, or game.Defender.
	Owners []int
	// Triggered says which rows carry a trigger.
	Triggered []bool
}

// Divergence is how far a part of an agent's images of one class lies from the
// images of that class that all agents contribute, the defender and the agent
// itself included.
type Divergence struct {
	// Agent is the owner, Class the label.
	Agent int  `json:"agent"`
	Class int  `json:"class"`
	Part  Part `json:"part"`
	// Rows counts the part's images, Joint everybody's.
	Rows  int `json:"rows"`
	Joint int `json:"joint"`
	// MMD2 is the squared maximum mean discrepancy (Gretton et al. 2012) with
	// an RBF kernel of the class's median distance, estimated without bias, so
	// that it may be negative; undefined for a part of fewer than 2 images.
	MMD2 stats.Number `json:"mmd2"`
	// JS is the Jensen-Shannon divergence in nats, in [0, ln 2], between
	// histograms along the class's first 10 principal components; undefined
	// for a part of fewer than 2 images, and where a class does not vary.
	JS stats.Number `json:"js"`
}

const (
	// maxRows is how many images of one agent, class and part are looked at,
	// drawn at random where there are more.
	maxRows = 1000
	// spacedRows is how many images of a class its median distance is over.
	spacedRows = 1000
	// components and bins are those of the histograms, as in package detect.
	components = 10
	bins       = 20
)

// cell is an agent's images of one class with, or without, triggers.
type cell struct {
	agent     int
	triggered bool
}

// stream is the index of the stream that draws which of its rows of a class are
// looked at.
func (c cell) stream(class int) []uint64 {
	mark := uint64(0)
	if c.triggered {
		mark = 1
	}
	return []uint64{uint64(class), uint64(c.agent + 1), mark}
}

// group is a cell's rows of one class.
type group struct {
	rows   int   // their number
	looked []int // the feature vectors of those looked at, by position
}

// groups returns the rows of each class and cell, with no feature vectors yet.
func (d Data) groups() (map[int]map[cell]*group, error) {
	n := len(d.Labels)
	if len(d.Owners) != n || len(d.Triggered) != n {
		return nil, fmt.Errorf("divergence: %w: %d labels with %d owners and %d marks of triggers", ErrData, n, len(d.Owners), len(d.Triggered))
	}
	groups := map[int]map[cell]*group{}
	for i, label := range d.Labels {
		class := int(label)
		if groups[class] == nil {
			groups[class] = map[cell]*group{}
		}
		if groups[class][d.cell(i)] == nil {
			groups[class][d.cell(i)] = &group{}
		}
		groups[class][d.cell(i)].rows++
	}
	return groups, nil
}

func (d Data) cell(row int) cell { return cell{d.Owners[row], d.Triggered[row]} }

// seen returns the rows of each class and cell with their feature vectors.
func (d Data) seen() (map[int]map[cell]*group, error) {
	groups, err := d.groups()
	if err != nil {
		return nil, err
	}
	if d.Features == nil {
		return nil, fmt.Errorf("divergence: %w: there are none", ErrData)
	}
	vectors, _ := d.Features.Dims()
	looked := d.Looked
	if looked == nil {
		looked = make([]int, len(d.Labels))
		for i := range looked {
			looked[i] = i
		}
	}
	if len(looked) != vectors {
		return nil, fmt.Errorf("divergence: %w: %d feature vectors of %d rows", ErrData, vectors, len(looked))
	}
	for at, row := range looked {
		if row < 0 || row >= len(d.Labels) || at > 0 && row <= looked[at-1] {
			return nil, fmt.Errorf("divergence: %w: feature vector %d is of row %d: rows must ascend, below %d", ErrData, at, row, len(d.Labels))
		}
		g := groups[int(d.Labels[row])][d.cell(row)]
		g.looked = append(g.looked, at)
	}
	for class, cells := range groups {
		for c, g := range cells {
			if len(g.looked) == 0 {
				return nil, fmt.Errorf("divergence: %w: no feature vector of the %d rows of owner %d in class %d", ErrData, g.rows, c.agent, class)
			}
		}
	}
	return groups, nil
}

// Sample returns which rows of a training set to look at, ascending: of each
// agent's images of each class, with and without triggers, at most so many, drawn
// at random by the seed. Features of these are enough for Measure, whose figures
// stay about all rows. Features have no part in it. The error wraps ErrData.
func Sample(d Data, most int, seed uint64) ([]int, error) {
	groups, err := d.groups()
	if err != nil {
		return nil, err
	}
	members := map[*group][]int{}
	for i, label := range d.Labels {
		g := groups[int(label)][d.cell(i)]
		members[g] = append(members[g], i)
	}
	var rows []int
	for class, cells := range groups {
		for c, g := range cells {
			rows = append(rows, features.Thin(streams.New(seed, "divergence sample", c.stream(class)...), members[g], most)...)
		}
	}
	slices.Sort(rows)
	return rows, nil
}

// Measure returns the divergences of a training set: for each class, by number,
// and each owner of images of that class, by position, that of All and, if the
// owner has images with triggers among them, those of Clean and Triggered. The
// seed draws which images are looked at where a cell has too many. The error
// wraps ErrData.
func Measure(d Data, seed uint64) ([]Divergence, error) {
	groups, err := d.seen()
	if err != nil {
		return nil, err
	}
	classes := slices.Sorted(maps.Keys(groups))
	lists := make([][]Divergence, len(classes))
	var measured errgroup.Group
	measured.SetLimit(runtime.GOMAXPROCS(0))
	for i, class := range classes {
		measured.Go(func() error {
			joint, err := newJoint(d.Features, class, groups[class], seed)
			if err != nil {
				return fmt.Errorf("divergence: class %d: %w: %w", class, ErrData, err)
			}
			lists[i] = joint.divergences()
			return nil
		})
	}
	if err := measured.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(lists...), nil
}

// joint is everybody's images of one class: a mixture of cells.
type joint struct {
	class   int
	cells   []cell    // by agent, the clean one first
	counts  []float64 // images in each cell
	total   float64
	kernels [][]float64 // mean kernel value between two cells
	shares  []features.Histogram
}

// newJoint estimates all that divergences of one class need.
func newJoint(x *mat.Dense, class int, groups map[cell]*group, seed uint64) (*joint, error) {
	j := &joint{class: class}
	for c := range groups {
		j.cells = append(j.cells, c)
	}
	slices.SortFunc(j.cells, func(a, b cell) int {
		if a.agent != b.agent {
			return a.agent - b.agent
		}
		if a.triggered == b.triggered {
			return 0
		} else if b.triggered {
			return -1
		}
		return 1
	})
	var samples []*mat.Dense
	for _, c := range j.cells {
		looked := features.Thin(streams.New(seed, "divergence", c.stream(class)...), groups[c].looked, maxRows)
		samples = append(samples, features.Rows(x, looked))
		j.counts = append(j.counts, float64(groups[c].rows))
		j.total += float64(groups[c].rows)
	}
	everybody := features.Stack(samples...)
	j.compare(samples, features.MedianKernel(features.Spaced(everybody, spacedRows)))
	return j, j.project(samples, everybody)
}

// compare fills kernels.
func (j *joint) compare(samples []*mat.Dense, kernel features.Kernel) {
	j.kernels = make([][]float64, len(samples))
	for a := range samples {
		j.kernels[a] = make([]float64, len(samples))
		j.kernels[a][a] = kernel.Within(samples[a])
		for b := range a {
			j.kernels[a][b] = kernel.Between(samples[a], samples[b])
			j.kernels[b][a] = j.kernels[a][b]
		}
	}
}

// project fills shares, but for a class that does not vary.
func (j *joint) project(samples []*mat.Dense, everybody *mat.Dense) error {
	space, err := features.PrincipalComponents(everybody, components)
	if errors.Is(err, features.ErrConstant) {
		return nil
	} else if err != nil {
		return err
	}
	divided := features.NewBins(space.Project(everybody), bins)
	for _, x := range samples {
		j.shares = append(j.shares, divided.Histogram(space.Project(x)))
	}
	return nil
}

// divergences returns those of all agents and parts.
func (j *joint) divergences() []Divergence {
	var list []Divergence
	for at := 0; at < len(j.cells); {
		agent, end := j.cells[at].agent, at+1
		if end < len(j.cells) && j.cells[end].agent == agent {
			end++
		}
		list = append(list, j.divergence(agent, All, at, end))
		if j.cells[end-1].triggered {
			if !j.cells[at].triggered {
				list = append(list, j.divergence(agent, Clean, at, at+1))
			}
			list = append(list, j.divergence(agent, Triggered, end-1, end))
		}
		at = end
	}
	return list
}

// divergence returns that of the part of an agent's images that the cells from
// start to end hold.
//
// The joint distribution is the mixture of all cells in the proportions of their
// images, so mean embeddings and histograms of both sides are weighted means of
// the cells', and |mean embedding of the part - that of the mixture|^2 is the sum
// over all pairs of cells of (p_a - w_a) (p_b - w_b) E k, with the cells' weights
// p in the part and w in the mixture. With the unbiased estimate of each E k, the
// sum is unbiased though the part is in the mixture. (Only a cell of a single
// image, which stands for itself, is not; its weight in the sum is small.)
func (j *joint) divergence(agent int, part Part, start, end int) Divergence {
	own := make([]float64, len(j.cells))
	rows := 0.0
	for a := start; a < end; a++ {
		own[a] = j.counts[a]
		rows += j.counts[a]
	}
	d := Divergence{
		Agent: agent, Class: j.class, Part: part, Rows: int(rows), Joint: int(j.total),
		MMD2: stats.Undefined(), JS: stats.Undefined(),
	}
	if rows < 2 {
		return d
	}
	apart := make([]float64, len(j.cells)) // p - w
	for a := range apart {
		apart[a] = own[a]/rows - j.counts[a]/j.total
	}
	squared := 0.0
	for a, row := range j.kernels {
		for b, k := range row {
			squared += apart[a] * apart[b] * k
		}
	}
	d.MMD2 = stats.Number(squared)
	if j.shares != nil {
		d.JS = stats.Number(features.Mixture(j.shares, own).JensenShannon(features.Mixture(j.shares, j.counts)))
	}
	return d
}
