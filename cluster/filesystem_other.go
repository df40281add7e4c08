//go:build !linux

package cluster

// inMemory returns false: this is not known on this system.
func inMemory(string) bool { return false }

// onNetwork returns false: this is not known on this system.
func onNetwork(string) bool { return false }
