package filter

import (
	"errors"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"backfire/defenses/definition"
	"backfire/defenses/features"
)

// Spectral filters by spectral signatures (Tran, Li and Madry, "Spectral Signatures in
// Backdoor Attacks", NeurIPS 2018, algorithm 1): of each class, the images are removed
// whose features deviate most from the class's mean along its first principal
// direction.
type Spectral struct {
	// Epsilon in (0, 1) is the assumed share of poisoned images in a class.
	Epsilon float64 `json:"epsilon" yaml:"epsilon"`
	// Factor is the number of removed images as a multiple of the assumed number of
	// poisoned ones; Tran et al. remove 1.5 times as many.
	Factor float64 `json:"factor" yaml:"factor"`
	Common `yaml:",inline"`
}

// SpectralSignatures is the definition of Spectral.
var SpectralSignatures = definition.Definition{
	Kind: "spectral_signatures", Stages: stages,
	Summary: "after a first training, the contributed images whose features deviate most along the first principal direction of their class are removed; then a model is trained anew",
	Settings: append([]definition.Setting{
		{Key: "epsilon", Default: "0.1", Range: "(0,1)", Help: "assumed share of poisoned images among the contributed ones of a class"},
		{Key: "factor", Default: "1.5", Range: "(0,)", Help: "images that are removed, as a multiple of the assumed poisoned ones"},
	}, common("1")...),
	New: func() any { return new(Spectral) },
}

// Remove removes, of each class of n images, the Factor*Epsilon*n with the highest
// scores, rounded down as Tran et al. do.
func (s *Spectral) Remove(in Input) ([]int, error) {
	return s.removeFrom(in, "spectral signatures", func(class []int, _ *rand.Rand) ([]int, error) {
		scores, err := SpectralScores(features.Rows(in.Features, class))
		if err != nil {
			return nil, err
		}
		// The addition keeps products such as 1.5*0.1*20, which lie a rounding below
		// a whole number, from losing an image.
		return highest(scores, int(s.Factor*s.Epsilon*float64(len(class))+1e-9)), nil
	})
}

// SpectralScores returns the outlier score of each vector of a sample: the square of
// its coordinate along the first principal direction, from the mean. The scores of
// equal vectors are 0.
func SpectralScores(x *mat.Dense) ([]float64, error) {
	n, _ := x.Dims()
	scores := make([]float64, n)
	principal, err := features.PrincipalComponents(x, 1)
	if errors.Is(err, features.ErrConstant) {
		return scores, nil
	}
	if err != nil {
		return nil, err
	}
	along := principal.Project(x)
	for i := range scores {
		scores[i] = along.At(i, 0) * along.At(i, 0)
	}
	return scores, nil
}
