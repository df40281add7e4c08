package triggers

// hadamard is a Hadamard matrix: a square matrix of 1 and -1 whose rows are
// orthogonal. It is one of order 1, or of order q+1 for a prime q of the form 4k+3
// (Paley, "On orthogonal matrices", 1933, his first construction), doubled some
// times (Sylvester, 1867). Such orders are 1, 2, 4, 8, 12, 16, 20, 24, 32, 40, 44
// and so on.
type hadamard struct {
	base     int    // order before it is doubled
	doubled  int    // times
	residues []bool // of base-1, by number: whether it is a square modulo base-1
}

// newHadamard returns the matrix of the largest order up to n, which must be at
// least 1.
func newHadamard(n int) hadamard {
	for order := n; order > 1; order-- {
		for base, doubled := order, 0; ; base, doubled = base/2, doubled+1 {
			if q := base - 1; q%4 == 3 && isPrime(q) {
				return hadamard{base, doubled, squares(q)}
			}
			if base == 1 {
				return hadamard{1, doubled, nil}
			}
			if base%2 == 1 {
				break
			}
		}
	}
	return hadamard{base: 1}
}

// order returns the number of rows.
func (h hadamard) order() int { return h.base << h.doubled }

// at returns an element, 1 or -1.
func (h hadamard) at(row, column int) int {
	sign := 1
	for size := h.order() / 2; size >= h.base; size /= 2 {
		if row >= size && column >= size {
			sign = -sign
		}
		row, column = row%size, column%size
	}
	return sign * h.paley(row, column)
}

// paley returns an element of the matrix before it is doubled: the identity plus the
// skew matrix with ones in its first row, minus ones in its first column, and the
// quadratic character of row - column elsewhere.
func (h hadamard) paley(row, column int) int {
	switch q := h.base - 1; {
	case row == column, row == 0:
		return 1
	case column == 0:
		return -1
	case h.residues[(row-column+q)%q]:
		return 1
	default:
		return -1
	}
}

// isPrime reports whether n is a prime number.
func isPrime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}

// squares returns for each number below q whether it is a square modulo q other
// than 0.
func squares(q int) []bool {
	is := make([]bool, q)
	for x := 1; x < q; x++ {
		is[x*x%q] = true
	}
	return is
}
