package features

import (
	"slices"

	"gonum.org/v1/gonum/mat"

	"backfire/internal/streams"
)

const (
	// maxFullOrder is the largest order at which a matrix is fully decomposed.
	maxFullOrder = 96
	// extraVectors is the number of vectors in a block beyond those wanted. They
	// make the last wanted one converge sooner.
	extraVectors = 4
	// tolerance is the largest length of A v - lambda v, as a share of the largest
	// eigenvalue, at which v counts as an eigenvector: some thousand roundings.
	tolerance = 1e-12
	// minShift is the least distance of shiftInvert's shift from the largest
	// eigenvalue, as a share of it: rounding grows with the inverse.
	minShift = 1e-3
)

// leading returns the k largest eigenvalues (or all, if there are fewer) of a
// positive semidefinite matrix, in descending order, and their unit eigenvectors
// as columns. It returns false if they do not converge.
//
// It restricts large matrices to a Krylov space, which takes hundredths of the
// time of a full decomposition. If all eigenvalues are about equal, that does not
// suffice, and leading uses shiftInvert, which separates the largest ones.
func leading(a *mat.SymDense, k int) ([]float64, *mat.Dense, bool) {
	n := a.SymmetricDim()
	if k = min(k, n); n <= maxFullOrder {
		return decompose(a, k)
	}
	values, vectors, ok := krylov(n, k, n/4, func(image, block *mat.Dense) error {
		image.Mul(a, block)
		return nil
	})
	if ok && vectors == nil {
		values, vectors, ok = shiftInvert(a, k)
	}
	if ok && vectors == nil {
		return decompose(a, k)
	}
	return values, vectors, ok
}

// shiftInvert implements leading for matrices whose largest eigenvalues l1, l2, ...
// hardly differ from the others. The eigenvalues of (s - A)^-1, with s a little
// above l1, are 1/(s - l1), 1/(s - l2), ..., which are far apart, with the same
// eigenvectors (shift and invert: Golub and Van Loan, "Matrix Computations",
// section 10.1). The eigenvalues of A, which determine s, are computed without
// eigenvectors, in a fraction of the time of both. The vectors are nil if this does
// not converge either.
func shiftInvert(a *mat.SymDense, k int) ([]float64, *mat.Dense, bool) {
	var eigen mat.EigenSym
	if !eigen.Factorize(a, false) {
		return nil, nil, false
	}
	n := a.SymmetricDim()
	values := eigen.Values(nil)
	slices.Reverse(values)
	shift := values[0] + max(values[0]-values[k-1], minShift*values[0])
	shifted := mat.NewSymDense(n, nil)
	shifted.ScaleSym(-1, a)
	for i := range n {
		shifted.SetSym(i, i, shift+shifted.At(i, i))
	}
	var factor mat.Cholesky
	if !factor.Factorize(shifted) {
		return nil, nil, true
	}
	_, vectors, ok := krylov(n, k, 3*n/4, func(image, block *mat.Dense) error { return factor.SolveTo(image, block) })
	return values[:k], vectors, ok
}

// krylov returns the k largest eigenvalues and eigenvectors of a positive
// semidefinite matrix of order n, given by its product with a block of vectors. It
// extends a Krylov space by one block at a time until the eigenvectors lie in it
// (block Lanczos with full orthogonalisation and Rayleigh-Ritz: Golub and Van Loan,
// section 10.3). The vectors are nil if this takes a space of more than most
// dimensions. It returns false if no eigenvalues can be computed.
func krylov(n, k, most int, multiply func(image, block *mat.Dense) error) ([]float64, *mat.Dense, bool) {
	rng := streams.New(0, "leading eigenvectors", uint64(n))
	block := mat.NewDense(n, k+extraVectors, nil)
	block.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, block)
	space, image := &mat.Dense{}, &mat.Dense{} // a basis, and its product with the matrix
	for nextCheck := 0; ; {
		orthonormalize(block, space)
		var next mat.Dense
		if err := multiply(&next, block); err != nil {
			return nil, nil, false
		}
		space, image = beside(space, block), beside(image, &next)
		_, size := space.Dims()
		if size > most {
			return nil, nil, true
		}
		if block = &next; size < nextCheck {
			continue
		}
		nextCheck = size + size/2 // a check takes longer than another block
		values, vectors, ok := ritz(space, image, k)
		if !ok || vectors != nil {
			return values, vectors, ok
		}
	}
}

// decompose implements leading by a full decomposition of the matrix.
func decompose(a mat.Symmetric, k int) ([]float64, *mat.Dense, bool) {
	var eigen mat.EigenSym
	if !eigen.Factorize(a, true) {
		return nil, nil, false
	}
	ascending := eigen.Values(nil)
	n := len(ascending)
	var all mat.Dense
	eigen.VectorsTo(&all)
	values, vectors := make([]float64, k), mat.NewDense(n, k, nil)
	for i := range values {
		values[i] = ascending[n-1-i]
		vectors.SetCol(i, mat.Col(nil, n-1-i, &all))
	}
	return values, vectors, true
}

// ritz returns the k largest eigenvalues and the eigenvectors of a matrix
// restricted to a space. The vectors are nil if they are not yet those of the
// matrix itself. It returns false if the decomposition does not converge.
func ritz(space, image *mat.Dense, k int) ([]float64, *mat.Dense, bool) {
	_, size := space.Dims()
	var product mat.Dense
	product.Mul(space.T(), image)
	within := mat.NewSymDense(size, nil)
	for i := range size {
		for j := range i + 1 {
			within.SetSym(i, j, (product.At(i, j)+product.At(j, i))/2)
		}
	}
	values, coordinates, ok := decompose(within, k)
	if !ok {
		return nil, nil, false
	}
	var vectors, images mat.Dense
	vectors.Mul(space, coordinates)
	images.Mul(image, coordinates)
	for i, value := range values {
		var off mat.VecDense
		off.AddScaledVec(images.ColView(i), -value, vectors.ColView(i))
		if off.Norm(2) > tolerance*values[0] {
			return nil, nil, true
		}
	}
	return values, &vectors, true
}

// orthonormalize makes the columns of block orthogonal to those of space and to
// each other, and of unit length, by the Gram-Schmidt method. It does so twice,
// which is sufficient (Giraud et al. 2005).
func orthonormalize(block, space *mat.Dense) {
	for range 2 {
		if !space.IsEmpty() {
			var along, within mat.Dense
			along.Mul(space.T(), block)
			within.Mul(space, &along)
			block.Sub(block, &within)
		}
		var qr mat.QR
		qr.Factorize(block)
		n, size := block.Dims()
		var q mat.Dense
		qr.QTo(&q)
		block.Copy(q.Slice(0, n, 0, size))
	}
}

// beside returns a matrix with the columns of left, then those of right.
func beside(left, right *mat.Dense) *mat.Dense {
	if left.IsEmpty() {
		return mat.DenseCopyOf(right)
	}
	var both mat.Dense
	both.Augment(left, right)
	return &both
}
