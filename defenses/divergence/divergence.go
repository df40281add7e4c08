// Package divergence measures the distance between the distribution of the
// features that one agent contributes for a class and that of all agents' features
// for the class: equations 1 and 2 of the paper (section 7.1).
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

// ErrData is wrapped if divergences cannot be measured on the data.
var ErrData = errors.New("bad features")

// Part is a part of an agent's images of one class.
type Part string

const (
	// All is the whole of the images: pdf(features_Y, Y, j) of equation 1.
	All Part = "all"
	// Clean is the images without a trigger, the first part into which equation 2
	// divides that density.
	Clean Part = "clean"
	// Triggered is the images with a trigger, the second part.
	Triggered Part = "triggered"
)

// Data is a training set, represented by a model's features.
type Data struct {
	// Features holds one penultimate feature vector for each sampled row.
	Features *mat.Dense
	// Looked lists the sampled rows in ascending order, as Sample returns them.
	// Nil means all rows.
	Looked []int
	// Labels holds the label on which each row is trained.
	Labels []uint16
	// Owners holds the contributor of each row, as game.Row does: a position in
	// the list of attackers, or game.Defender.
	Owners []int
	// Triggered holds for each row whether it carries a trigger.
	Triggered []bool
}

// Divergence measures the distance between a part of an agent's images of one
// class and the images of that class that all agents contribute, including the
// defender and the agent itself.
type Divergence struct {
	// Agent is the owner, Class the label.
	Agent int  `json:"agent"`
	Class int  `json:"class"`
	Part  Part `json:"part"`
	// Rows is the number of the part's images, Joint that of all agents' images
	// of the class.
	Rows  int `json:"rows"`
	Joint int `json:"joint"`
	// MMD2 is the squared maximum mean discrepancy (Gretton et al. 2012) with an
	// RBF kernel of the class's median distance. The estimate is unbiased and may
	// be negative. It is undefined for a part of fewer than 2 images.
	MMD2 stats.Number `json:"mmd2"`
	// JS is the Jensen-Shannon divergence in nats, in [0, ln 2], between
	// histograms along the class's first 10 principal components. It is undefined
	// for a part of fewer than 2 images, and if all images of the class have equal
	// features.
	JS stats.Number `json:"js"`
}

const (
	// maxRows is the maximum number of images of one agent, class and part that
	// are used, drawn at random if there are more.
	maxRows = 1000
	// spacedRows is the maximum number of images of a class from which its median
	// distance is computed.
	spacedRows = 1000
	// components and bins are those of the histograms, as in package detect.
	components = 10
	bins       = 20
)

// subset identifies an agent's images of one class with, or without, triggers.
type subset struct {
	agent     int
	triggered bool
}

// streamIndex returns the index of the stream that samples the subset's rows of a
// class.
func (s subset) streamIndex(class int) []uint64 {
	triggered := uint64(0)
	if s.triggered {
		triggered = 1
	}
	return []uint64{uint64(class), uint64(s.agent + 1), triggered}
}

// subsetRows holds a subset's rows of one class.
type subsetRows struct {
	count   int   // the number of rows
	vectors []int // the positions of the sampled rows in Data.Features
}

// subsets returns the number of rows of each class and subset, without vectors.
func (d Data) subsets() (map[int]map[subset]*subsetRows, error) {
	n := len(d.Labels)
	if len(d.Owners) != n || len(d.Triggered) != n {
		return nil, fmt.Errorf("divergence: %w: %d labels with %d owners and %d marks of triggers", ErrData, n, len(d.Owners), len(d.Triggered))
	}
	classes := map[int]map[subset]*subsetRows{}
	for i, label := range d.Labels {
		class, s := int(label), d.subsetOf(i)
		if classes[class] == nil {
			classes[class] = map[subset]*subsetRows{}
		}
		if classes[class][s] == nil {
			classes[class][s] = &subsetRows{}
		}
		classes[class][s].count++
	}
	return classes, nil
}

// subsetOf returns the subset to which a row belongs.
func (d Data) subsetOf(row int) subset { return subset{d.Owners[row], d.Triggered[row]} }

// sampledSubsets returns the rows of each class and subset with their vectors.
func (d Data) sampledSubsets() (map[int]map[subset]*subsetRows, error) {
	classes, err := d.subsets()
	if err != nil {
		return nil, err
	}
	if d.Features == nil {
		return nil, fmt.Errorf("divergence: %w: there are none", ErrData)
	}
	vectors, _ := d.Features.Dims()
	sampled := d.Looked
	if sampled == nil {
		sampled = make([]int, len(d.Labels))
		for i := range sampled {
			sampled[i] = i
		}
	}
	if len(sampled) != vectors {
		return nil, fmt.Errorf("divergence: %w: %d feature vectors for %d rows", ErrData, vectors, len(sampled))
	}
	for at, row := range sampled {
		if row < 0 || row >= len(d.Labels) || at > 0 && row <= sampled[at-1] {
			return nil, fmt.Errorf("divergence: %w: feature vector %d is of row %d: rows must be ascending and below %d", ErrData, at, row, len(d.Labels))
		}
		rows := classes[int(d.Labels[row])][d.subsetOf(row)]
		rows.vectors = append(rows.vectors, at)
	}
	for class, subsets := range classes {
		for s, rows := range subsets {
			if len(rows.vectors) == 0 {
				return nil, fmt.Errorf("divergence: %w: no feature vector for the %d rows of owner %d in class %d", ErrData, rows.count, s.agent, class)
			}
		}
	}
	return classes, nil
}

// Sample returns a sample of the rows of a training set, in ascending order: of
// each agent's images of each class, with and without triggers, at most the given
// number, drawn at random by the seed. The features of these rows suffice for
// Measure, whose results still describe all rows. Sample does not use d.Features.
// The error wraps ErrData.
func Sample(d Data, most int, seed uint64) ([]int, error) {
	classes, err := d.subsets()
	if err != nil {
		return nil, err
	}
	members := map[*subsetRows][]int{}
	for i, label := range d.Labels {
		s := classes[int(label)][d.subsetOf(i)]
		members[s] = append(members[s], i)
	}
	var sampled []int
	for class, subsets := range classes {
		for s, rows := range subsets {
			sampled = append(sampled, features.Thin(streams.New(seed, "divergence sample", s.streamIndex(class)...), members[rows], most)...)
		}
	}
	slices.Sort(sampled)
	return sampled, nil
}

// Measure returns the divergences of a training set: for each class, by number,
// and each owner of images of the class, by position, the divergence of All and,
// if the owner has images with triggers among them, those of Clean and Triggered.
// If an agent has very many images of a class, the seed draws those that are used.
// The error wraps ErrData.
func Measure(d Data, seed uint64) ([]Divergence, error) {
	subsets, err := d.sampledSubsets()
	if err != nil {
		return nil, err
	}
	classes := slices.Sorted(maps.Keys(subsets))
	lists := make([][]Divergence, len(classes))
	var measured errgroup.Group
	measured.SetLimit(runtime.GOMAXPROCS(0))
	for i, class := range classes {
		measured.Go(func() error {
			mixture, err := newMixture(d.Features, class, subsets[class], seed)
			if err != nil {
				return fmt.Errorf("divergence: class %d: %w: %w", class, ErrData, err)
			}
			lists[i] = mixture.divergences()
			return nil
		})
	}
	if err := measured.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(lists...), nil
}

// mixture is the joint distribution of all agents' images of one class: a mixture
// of subsets.
type mixture struct {
	class      int
	subsets    []subset             // by agent, the clean one first
	counts     []float64            // number of images in each subset
	total      float64              // number of images in all subsets
	kernels    [][]float64          // mean kernel value between two subsets
	histograms []features.Histogram // of each subset; nil if the class does not vary
}

// newMixture estimates the kernel means and histograms of one class.
func newMixture(x *mat.Dense, class int, rows map[subset]*subsetRows, seed uint64) (*mixture, error) {
	m := &mixture{class: class}
	for s := range rows {
		m.subsets = append(m.subsets, s)
	}
	slices.SortFunc(m.subsets, func(a, b subset) int {
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
	for _, s := range m.subsets {
		vectors := features.Thin(streams.New(seed, "divergence", s.streamIndex(class)...), rows[s].vectors, maxRows)
		samples = append(samples, features.Rows(x, vectors))
		m.counts = append(m.counts, float64(rows[s].count))
		m.total += float64(rows[s].count)
	}
	all := features.Stack(samples...)
	m.computeKernels(samples, features.MedianKernel(features.Spaced(all, spacedRows)))
	return m, m.computeHistograms(samples, all)
}

// computeKernels sets kernels.
func (m *mixture) computeKernels(samples []*mat.Dense, kernel features.Kernel) {
	m.kernels = make([][]float64, len(samples))
	for a := range samples {
		m.kernels[a] = make([]float64, len(samples))
		m.kernels[a][a] = kernel.Within(samples[a])
		for b := range a {
			m.kernels[a][b] = kernel.Between(samples[a], samples[b])
			m.kernels[b][a] = m.kernels[a][b]
		}
	}
}

// computeHistograms sets histograms, unless the class does not vary.
func (m *mixture) computeHistograms(samples []*mat.Dense, all *mat.Dense) error {
	space, err := features.PrincipalComponents(all, components)
	if errors.Is(err, features.ErrConstant) {
		return nil
	} else if err != nil {
		return err
	}
	divided := features.NewBins(space.Project(all), bins)
	for _, x := range samples {
		m.histograms = append(m.histograms, divided.Histogram(space.Project(x)))
	}
	return nil
}

// divergences returns the divergences of all agents and parts.
func (m *mixture) divergences() []Divergence {
	var list []Divergence
	for at := 0; at < len(m.subsets); {
		agent, end := m.subsets[at].agent, at+1
		if end < len(m.subsets) && m.subsets[end].agent == agent {
			end++
		}
		list = append(list, m.divergence(agent, All, at, end))
		if m.subsets[end-1].triggered {
			if !m.subsets[at].triggered {
				list = append(list, m.divergence(agent, Clean, at, at+1))
			}
			list = append(list, m.divergence(agent, Triggered, end-1, end))
		}
		at = end
	}
	return list
}

// divergence returns the divergence of the part of an agent's images that consists
// of the subsets start to end-1.
//
// The joint distribution is the mixture of all subsets in the proportions of their
// images, so the mean embeddings and the histograms of part and mixture are
// weighted means of those of the subsets. The squared distance between the mean
// embeddings is the sum over all pairs of subsets of (p_a - w_a) (p_b - w_b) E k,
// with the subsets' weights p in the part and w in the mixture. With an unbiased
// estimate of each E k, the sum is unbiased, although the part is contained in the
// mixture. (The exception is a subset of a single image, which is compared with
// itself; its weight in the sum is small.)
func (m *mixture) divergence(agent int, part Part, start, end int) Divergence {
	own := make([]float64, len(m.subsets))
	rows := 0.0
	for a := start; a < end; a++ {
		own[a] = m.counts[a]
		rows += m.counts[a]
	}
	d := Divergence{
		Agent: agent, Class: m.class, Part: part, Rows: int(rows), Joint: int(m.total),
		MMD2: stats.Undefined(), JS: stats.Undefined(),
	}
	if rows < 2 {
		return d
	}
	weights := make([]float64, len(m.subsets)) // p - w
	for a := range weights {
		weights[a] = own[a]/rows - m.counts[a]/m.total
	}
	squared := 0.0
	for a, row := range m.kernels {
		for b, k := range row {
			squared += weights[a] * weights[b] * k
		}
	}
	d.MMD2 = stats.Number(squared)
	if m.histograms != nil {
		d.JS = stats.Number(features.Mixture(m.histograms, own).JensenShannon(features.Mixture(m.histograms, m.counts)))
	}
	return d
}
