package plan

import (
	"fmt"
	"slices"

	"backfire/game"
)

// colluder gives an attacker the trigger and the target of an earlier one.
func (p *planner) colluder(a game.Attacker, leader int) (game.Attacker, error) {
	at := p.position(leader)
	if at < 0 {
		return a, fmt.Errorf("attackers.colluders: attacker %d uses the trigger of attacker %d, which does not play (attackers.seats)", a.ID, leader)
	}
	first := p.all[at]
	if p.cfg.Attackers.Labels == "list" && a.Target != first.Target {
		return a, fmt.Errorf("attackers.targets: attackers %d and %d collude (attackers.colluders), but want %s and %s: give them the same",
			leader, a.ID, p.set.Classes[first.Target], p.set.Classes[a.Target])
	}
	a.Target, a.Trigger, a.Colludes = first.Target, first.Trigger, &leader
	return a, nil
}

// position returns the position of an attacker among all, or -1.
func (p *planner) position(id int) int {
	return slices.IndexFunc(p.all, func(a game.Attacker) bool { return a.ID == id })
}
