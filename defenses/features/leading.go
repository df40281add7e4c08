package features

import (
	"slices"

	"gonum.org/v1/gonum/mat"

	"backfire/internal/streams"
)

const (
	// dense is the order up to which a matrix is decomposed as a whole.
	dense = 96
	// spare is how many vectors more than are wanted a block has: they make the
	// last wanted one converge sooner.
	spare = 4
	// residual is the length of A v - lambda v, as a share of the largest
	// eigenvalue, at which v counts as an eigenvector: some thousand roundings.
	residual = 1e-12
	// nearest is how far above the largest eigenvalue apart's shift is at least, as
	// a share of it: rounding grows with the inverse.
	nearest = 1e-3
)

// leading returns the k largest eigenvalues (or all, if they are fewer) of a
// positive semidefinite matrix, in descending order, and their unit eigenvectors
// as columns; false if they do not converge.
//
// Large matrices are restricted to a Krylov space, which takes hundredths of the
// time of a whole decomposition. Where the eigenvalues are all about the same, that
// does not suffice, and the largest ones are set apart first, see apart.
func leading(a *mat.SymDense, k int) ([]float64, *mat.Dense, bool) {
	n := a.SymmetricDim()
	if k = min(k, n); n <= dense {
		return decompose(a, k)
	}
	values, vectors, ok := krylov(n, k, n/4, func(image, block *mat.Dense) error {
		image.Mul(a, block)
		return nil
	})
	if ok && vectors == nil {
		values, vectors, ok = apart(a, k)
	}
	if ok && vectors == nil {
		return decompose(a, k)
	}
	return values, vectors, ok
}

// apart is leading for matrices whose largest eigenvalues l1, l2, ... hardly differ
// from the others: those of (s - A)^-1, with s a little above l1, are 1/(s - l1),
// 1/(s - l2), ... with the same eigenvectors, and far apart (shift and invert:
// Golub and Van Loan, "Matrix Computations", section 10.1). The eigenvalues
// themselves, which say where s must be, are computed without eigenvectors in a
// fraction of the time of both. The vectors are nil where that does not help either.
func apart(a *mat.SymDense, k int) ([]float64, *mat.Dense, bool) {
	var eigen mat.EigenSym
	if !eigen.Factorize(a, false) {
		return nil, nil, false
	}
	n := a.SymmetricDim()
	values := eigen.Values(nil)
	slices.Reverse(values)
	shift := values[0] + max(values[0]-values[k-1], nearest*values[0])
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
// semidefinite matrix of order n, given by what it makes of a block of vectors, in
// the Krylov space that grows by a block until the eigenvectors lie in it (block
// Lanczos with full orthogonalisation and Rayleigh-Ritz: Golub and Van Loan,
// section 10.3). They are nil should that take a space of more than most dimensions;
// false means that no eigenvalues can be computed at all.
func krylov(n, k, most int, multiply func(image, block *mat.Dense) error) ([]float64, *mat.Dense, bool) {
	rng := streams.New(0, "leading eigenvectors", uint64(n))
	block := mat.NewDense(n, k+spare, nil)
	block.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, block)
	space, image := &mat.Dense{}, &mat.Dense{} // a basis, and what the matrix makes of it
	for look := 0; ; {
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
		if block = &next; size < look {
			continue
		}
		look = size + size/2 // looking takes longer than another block
		values, vectors, ok := ritz(space, image, k)
		if !ok || vectors != nil {
			return values, vectors, ok
		}
	}
}

// decompose is leading by a decomposition of the whole matrix.
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

// ritz returns the eigenvalues and eigenvectors of a matrix within a space, nil
// while they are not yet those of the matrix itself; false if they do not
// converge.
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
		if off.Norm(2) > residual*values[0] {
			return nil, nil, true
		}
	}
	return values, &vectors, true
}

// orthonormalize makes the columns of block orthogonal to those of space and to
// each other, and of unit length: Gram and Schmidt's method, twice, which is
// enough (Giraud et al. 2005).
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

// beside returns the columns of both.
func beside(left, right *mat.Dense) *mat.Dense {
	if left.IsEmpty() {
		return mat.DenseCopyOf(right)
	}
	var both mat.Dense
	both.Augment(left, right)
	return &both
}
