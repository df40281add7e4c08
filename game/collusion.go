package game

// Leader returns the ID of the attacker whose trigger this one uses: its own ID,
// or that of the attacker it colludes with.
func (a Attacker) Leader() int {
	if a.Colludes == nil {
		return a.ID
	}
	return *a.Colludes
}

// checkCollusion refuses colluders that do not share trigger and target.
//
// A colluder models a second identity of the same attacker (a sybil) or a
// partner. The paper's agent indexing leaves out one agent and assumes that no
// other agent uses the same trigger.
func (r Rules) checkCollusion() error {
	byID := make(map[int]Attacker, len(r.Attackers))
	for _, a := range r.Attackers {
		byID[a.ID] = a
	}
	first := map[int]Attacker{} // by leader: the first attacker in the list that uses its trigger
	for _, a := range r.Attackers {
		if err := a.checkCollusion(r.Sampling, byID); err != nil {
			return err
		}
		other, shared := first[a.Leader()]
		if !shared {
			first[a.Leader()] = a
			continue
		}
		if a.Target != other.Target {
			return refuse("attackers %d and %d collude, but their targets are %d and %d: they must be the same", other.ID, a.ID, other.Target, a.Target)
		}
		if a.Trigger != other.Trigger || a.Draw != other.Draw {
			return refuse("attackers %d and %d collude, but their triggers are drawn differently: p1, p2, range and draw must be the same", other.ID, a.ID)
		}
	}
	return nil
}

// checkCollusion refuses a partner that the attacker cannot have.
func (a Attacker) checkCollusion(sampling Sampling, byID map[int]Attacker) error {
	if a.Colludes == nil {
		return nil
	}
	partner := *a.Colludes
	switch {
	case partner < 0:
		return refuse("attacker %d colludes with attacker %d: IDs must be at least 0", a.ID, partner)
	case partner == a.ID:
		return refuse("attacker %d colludes with itself: name another attacker", a.ID)
	case byID[partner].Colludes != nil:
		return refuse("attacker %d colludes with attacker %d, whose own trigger is attacker %d's: name attacker %d",
			a.ID, partner, byID[partner].Leader(), byID[partner].Leader())
	case sampling == PerImage:
		return refuse("attacker %d colludes with attacker %d: with sampling %s there is no trigger to share", a.ID, partner, PerImage)
	}
	return nil
}
