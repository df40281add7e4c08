//go:build !linux

package store

// exchange makes two directories trade places.
func exchange(a, b string) error { return exchangeInSteps(a, b) }
