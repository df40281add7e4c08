package detect

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
)

// Method names a way of measuring similarity.
type Method string

// The methods that the paper names (section 7.2).
const (
	// SpectralSignatures looks along the direction in which an agent's images
	// of one label vary most: Tran et al., "Spectral Signatures in Backdoor
	// Attacks", NeurIPS 2018.
	SpectralSignatures Method = "spectral_signatures"
	// ActivationClustering divides an agent's images of one label into two
	// clusters: Chen et al., "Detecting Backdoor Attacks on Deep Neural
	// Networks by Activation Clustering", 2018.
	ActivationClustering Method = "activation_clustering"
	// MMD is the maximum mean discrepancy with an RBF kernel: Gretton et al.,
	// "A Kernel Two-Sample Test", JMLR 2012.
	MMD Method = "mmd"
	// KL is the Kullback-Leibler divergence between normal distributions.
	KL Method = "kl"
	// JS is the Jensen-Shannon divergence between histograms.
	JS Method = "js"
)

// fitting makes the scorer of one label's group, nil where there is nothing to
// score by.
type fitting func(b *Bank, label int, g *group) (scorer, error)

// scorer returns one score per agent for query vectors of one label; NaN for an
// agent that there is nothing to score by.
type scorer func(query *mat.Dense) ([]float64, error)

// fitted is a method and how it is fitted.
type fitted struct {
	method Method
	fit    fitting
}

// methods are all methods, in the order in which they are reported.
var methods = []fitted{
	{SpectralSignatures, fitSpectral},
	{ActivationClustering, fitClusters},
	{MMD, fitMMD},
	{KL, fitKL},
	{JS, fitJS},
}

// Methods returns the names of all methods.
func Methods() []Method {
	names := make([]Method, len(methods))
	for i, m := range methods {
		names[i] = m.method
	}
	return names
}

// Estimator measures by one method how similar queries are to each sub-dataset
// of a bank. It is safe for concurrent use.
type Estimator struct {
	bank    *Bank
	scorers map[int]scorer // by label; nil where there is nothing to score by
}

// NewEstimator fits a method to a bank, the labels in parallel. The error wraps
// ErrBank.
func NewEstimator(method Method, b *Bank) (*Estimator, error) {
	at := slices.IndexFunc(methods, func(m fitted) bool { return m.method == method })
	if at < 0 {
		return nil, fmt.Errorf("detect: %w: there is no method %q: choose of %v", ErrBank, method, Methods())
	}
	labels := b.labels()
	scorers := make([]scorer, len(labels))
	var fits errgroup.Group
	fits.SetLimit(runtime.GOMAXPROCS(0))
	for i, label := range labels {
		fits.Go(func() (err error) {
			scorers[i], err = methods[at].fit(b, label, b.groups[label])
			return err
		})
	}
	if err := fits.Wait(); err != nil {
		return nil, fmt.Errorf("detect: %s: %w: %w", method, ErrBank, err)
	}
	e := &Estimator{bank: b, scorers: map[int]scorer{}}
	for i, label := range labels {
		e.scorers[label] = scorers[i]
	}
	return e, nil
}

// Similarity returns the similarity of a query to each agent's sub-dataset: for
// each label the score of the query's rows with that label against the agent's
// images with that label, and over the labels the mean weighted by the query's
// rows. An agent that has no images to compare with counts as no more similar
// than the least similar of the others. Labels for which nobody has any leave all
// agents equal. The error wraps ErrQuery.
func (e *Estimator) Similarity(query Sample) ([]float64, error) {
	if query.Features == nil {
		return nil, fmt.Errorf("detect: similarity: %w: no features", ErrQuery)
	}
	if err := e.bank.fits(query); err != nil {
		return nil, fmt.Errorf("detect: similarity: %w: %w", ErrQuery, err)
	}
	similarity := make([]float64, e.bank.agents)
	n, _ := query.Features.Dims()
	groups := byLabel(query)
	for _, label := range e.bank.labels() { // in order, so that sums round alike
		rows, score := groups[label], e.scorers[label]
		if len(rows) == 0 || score == nil {
			continue
		}
		scores, err := score(features.Rows(query.Features, rows))
		if err != nil {
			return nil, fmt.Errorf("detect: similarity: %w: %w", ErrQuery, err)
		}
		least := lowest(scores)
		for i, s := range scores {
			if math.IsNaN(s) {
				s = least
			}
			similarity[i] += s * float64(len(rows)) / float64(n)
		}
	}
	return similarity, nil
}

// lowest returns the lowest of the scores that are numbers, 0 if none is.
func lowest(scores []float64) float64 {
	numbers := slices.DeleteFunc(slices.Clone(scores), math.IsNaN)
	if len(numbers) == 0 {
		return 0
	}
	return slices.Min(numbers)
}
