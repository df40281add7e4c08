// Package runtest helps tests that run whole plans with the fake engine of package enginetest.
package runtest
