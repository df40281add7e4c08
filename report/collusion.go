package report

import (
	"fmt"
	"slices"
	"strings"

	"backfire/experiments/summary"
)

// collusion names the attackers that use the trigger of another; empty if there are
// none.
func collusion(attackers []summary.GameAttacker) string {
	var pairs []string
	for _, a := range attackers {
		if a.Colludes != nil {
			pairs = append(pairs, fmt.Sprintf("%d that of %d", a.ID, *a.Colludes))
		}
	}
	if len(pairs) == 0 {
		return ""
	}
	return "Colluding attackers share trigger and target: attacker " + strings.Join(pairs, ", attacker ") + "."
}

// colluding reports whether a game has attackers that share a trigger. No claim of
// the paper is about such games.
func colluding(attackers []summary.GameAttacker) bool {
	return slices.ContainsFunc(attackers, func(a summary.GameAttacker) bool { return a.Colludes != nil })
}
