package config

import (
	"slices"

	"backfire/triggers"
)

// KindOf returns the kind of the trigger of an attacker: its entry of Attackers.Kinds, or
// Trigger.Kind.
func (c Config) KindOf(attacker int) string {
	if attacker < len(c.Attackers.Kinds) {
		return c.Attackers.Kinds[attacker]
	}
	return c.Trigger.Kind
}

// anyKind reports whether the trigger of some attacker is of a kind with a property.
func (c Config) anyKind(has func(triggers.Kind) bool) bool {
	return slices.ContainsFunc(c.Attackers.IDs(), func(id int) bool { return has(triggers.Kind(c.KindOf(id))) })
}

// boxed reports whether triggers of a kind lie in a box of drawn size.
func boxed(kind triggers.Kind) bool { return kind.HasSizes() && kind != triggers.WaNet }

// boxSizesUnread returns the reason why the sizes of boxes by attacker are not read.
func boxSizesUnread(c *Config) string {
	if len(c.Attackers.BoxSizes) > 0 && !readsP1(c) {
		return p1Unread(c)
	}
	return listUnread(c, len(c.Attackers.BoxSizes), "sizes")
}

// pixelSharesUnread returns the reason why the shares of pixels by attacker are not read.
func pixelSharesUnread(c *Config) string {
	if len(c.Attackers.PixelShares) > 0 && !readsP2(c) {
		return unless(false, "trigger.kind = "+c.Trigger.Kind)
	}
	return listUnread(c, len(c.Attackers.PixelShares), "shares")
}

// kindsUnread returns the reason why kinds by attacker are not read.
func kindsUnread(c *Config) string {
	other := func(id int) bool { return c.KindOf(id) != c.Trigger.Kind }
	if reason := listUnread(c, len(c.Attackers.Kinds), "kinds"); reason != "" || len(c.Attackers.Kinds) == 0 {
		return reason
	}
	return unless(slices.ContainsFunc(c.Attackers.IDs(), other), "trigger.kind = "+c.Trigger.Kind+", the kind of all attackers")
}
