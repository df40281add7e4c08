package worker

// Snapshot is a copy of a model's state that stays as it is while the model is trained on.
type Snapshot interface {
	// State returns the state in the memory of the host. Any goroutine may call it, one at a time.
	State() (State, error)
	// Free gives the memory of the snapshot back. A state that State returned stays.
	Free()
}

// HostSnapshot is a Snapshot that lies in the memory of the host already.
type HostSnapshot State

// State returns the state.
func (s HostSnapshot) State() (State, error) { return State(s), nil }

// Free leaves the state to the garbage collector.
func (HostSnapshot) Free() {}
