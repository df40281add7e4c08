//go:build !linux

package cluster

// inMemory is not known here.
func inMemory(string) bool { return false }

// onNetwork is not known here.
func onNetwork(string) bool { return false }
