package features

import (
	"gonum.org/v1/gonum/mat"

	"backfire/streams"
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
)

// leading returns the k largest eigenvalues (or all, if they are fewer) of a
// positive semidefinite matrix, in descending order, and their unit eigenvectors
// as columns; false if they do not converge.
//
// Large matrices are restricted to a Krylov space that grows by a block until the
// wanted eigenvectors lie in it (block Lanczos with full orthogonalisation and
// Rayleigh-Ritz: Golub and Van Loan, "Matrix Computations", section 10.3), which
// takes hundredths of the time of a whole decomposition. Should that space come to
// a quarter of the matrix, as with eigenvalues that are all about the same, the
// matrix is decomposed after all.
func leading(a *mat.SymDense, k int) ([]float64, *mat.Dense, bool) {
	n := a.SymmetricDim()
	if k = min(k, n); n <= dense {
		return decompose(a, k)
	}
	rng := streams.New(0, "leading eigenvectors", uint64(n))
	block := mat.NewDense(n, k+spare, nil)
	block.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, block)
	space, image := &mat.Dense{}, &mat.Dense{} // a basis, and what the matrix makes of it
	for look := 0; ; {
		orthonormalize(block, space)
		var next mat.Dense
		next.Mul(a, block)
		space, image = beside(space, block), beside(image, &next)
		_, size := space.Dims()
		if 4*size > n {
			return decompose(a, k)
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
