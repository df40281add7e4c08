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

// Method is a measure of similarity.
type Method string

// The methods that the paper names (section 7.2).
const (
	// SpectralSignatures measures along the direction in which an agent's images
	// of one label vary most: Tran et al., "Spectral Signatures in Backdoor
	// Attacks", NeurIPS 2018.
	SpectralSignatures Method = "spectral_signatures"
	// ActivationClustering measures the distance to the nearer of the two clusters
	// of an agent's images of one label: Chen et al., "Detecting Backdoor Attacks
	// on Deep Neural Networks by Activation Clustering", 2018.
	ActivationClustering Method = "activation_clustering"
	// MMD is the maximum mean discrepancy with an RBF kernel: Gretton et al.,
	// "A Kernel Two-Sample Test", JMLR 2012.
	MMD Method = "mmd"
	// KL is the Kullback-Leibler divergence between normal distributions.
	KL Method = "kl"
	// JS is the Jensen-Shannon divergence between histograms.
	JS Method = "js"
)

// The methods that the paper names as further ones.
const (
	// L2M is a set network that learns from the contributed images how to weigh the
	// others: Yu et al., "Learning to Match Distributions for Domain Adaptation",
	// 2020.
	L2M Method = "l2m"
	// DMM matches an agent's images to the query before it compares them: Cao, Long
	// and Wang, "Unsupervised Domain Adaptation With Distribution Matching Machines",
	// AAAI 2018.
	DMM Method = "dmm"
)

// scorer returns one score per agent for query vectors of one label. The score is
// NaN for an agent without images to compare with.
type scorer func(query *mat.Dense) ([]float64, error)

// registration is a method with the function that fits it to one label's group of
// a bank. fit returns a nil scorer if the group cannot distinguish agents.
type registration struct {
	method Method
	fit    func(b *Bank, label int, g *group) (scorer, error)
}

// named lists the methods that L2M weighs.
var named = []registration{
	{SpectralSignatures, fitSpectral},
	{ActivationClustering, fitClusters},
	{MMD, fitMMD},
	{KL, fitKL},
	{JS, fitJS},
}

// methods lists all methods, in the order in which they are reported. Results of
// earlier versions have the first of them, so new ones come last.
var methods = append(slices.Clone(named), registration{L2M, fitLearned}, registration{DMM, fitMatching})

// Methods returns the names of all methods.
func Methods() []Method {
	names := make([]Method, len(methods))
	for i, m := range methods {
		names[i] = m.method
	}
	return names
}

// Estimator measures the similarity of queries to each sub-dataset of a bank, by
// one method. It is safe for concurrent use.
type Estimator struct {
	bank    *Bank
	scorers map[int]scorer // by label; nil if the label cannot distinguish agents
}

// NewEstimator fits a method to a bank, the labels in parallel. The error wraps
// ErrBank.
func NewEstimator(method Method, b *Bank) (*Estimator, error) {
	at := slices.IndexFunc(methods, func(r registration) bool { return r.method == method })
	if at < 0 {
		return nil, fmt.Errorf("detect: %w: there is no method %q: choose one of %v", ErrBank, method, Methods())
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

// Similarity returns the similarity of a query to each agent's sub-dataset: the
// mean over the labels, weighted by the query's rows, of the score of the query's
// rows with the label against the agent's images with the label. An agent without
// images to compare with gets the score of the least similar other agent. Labels
// for which no agent has images add the same to all agents. The error wraps
// ErrQuery.
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
	for _, label := range e.bank.labels() { // in order, so that sums are rounded reproducibly
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

// lowest returns the lowest of the scores that are not NaN, or 0 if all are.
func lowest(scores []float64) float64 {
	numbers := slices.DeleteFunc(slices.Clone(scores), math.IsNaN)
	if len(numbers) == 0 {
		return 0
	}
	return slices.Min(numbers)
}
