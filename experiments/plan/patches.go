package plan

import (
	"cmp"
	"fmt"

	"backfire/config"
	"backfire/game"
	"backfire/triggers"
)

// The sizes of triggers that trigger.side = 0 stands for, those of the papers.
const (
	patchSide = 3
	warpGrid  = 4
)

// colours are the colours that have names in a configuration.
var colours = map[string]string{
	"random": "", "white": "#ffffff", "black": "#000000", "red": "#ff0000", "green": "#00ff00", "blue": "#0000ff", "yellow": "#ffff00",
}

// patchOf returns the specification of patches. A random place or colour is empty in it.
func patchOf(cfg config.Trigger) (triggers.Spec, error) {
	spec := triggers.Spec{Kind: triggers.Patch, Side: cmp.Or(cfg.Side, patchSide), Colour: cfg.Colour, Alpha: cfg.Alpha}
	if named, ok := colours[cfg.Colour]; ok {
		spec.Colour = named
	}
	if cfg.Place != randomKind {
		spec.Place = cfg.Place
	}
	if err := spec.Validate(); err != nil {
		return spec, fmt.Errorf("trigger.colour, place, side, alpha: %w", err)
	}
	return spec, nil
}

// mapping gives an attacker the labels that it wants for images with its trigger.
func (p *planner) mapping(a game.Attacker) (game.Attacker, error) {
	cfg := p.cfg.Attackers
	switch cfg.Mapping {
	case string(game.AllToAll):
		a.Mapping, a.Target = game.AllToAll, 0
	case string(game.SourceSpecific):
		a.Mapping = game.SourceSpecific
		chosen := make([]bool, len(p.set.Classes))
		for _, name := range cfg.Sources {
			class, err := p.set.Class(name)
			if err != nil {
				return a, fmt.Errorf("attackers.sources: %w", err)
			}
			chosen[class] = true
		}
		for class, is := range chosen {
			if is {
				a.Sources = append(a.Sources, class)
			}
		}
	}
	return a, nil
}
