package plan

import (
	"bytes"
	"cmp"
	"fmt"

	"backfire/game"
	"backfire/internal/disk"
	"backfire/triggers"
)

// randomKind is the name of triggers.Random in a configuration.
const randomKind = "random"

// triggerOf returns the specification by which an attacker with sizes p1 and p2 draws its trigger, or its
// picture from trigger.files. The attacker must not be a colluder, which has its leader's.
func (p *planner) triggerOf(a game.Attacker, p1, p2 float64) (triggers.Spec, error) {
	cfg := p.cfg.Trigger
	cfg.Kind = p.cfg.KindOf(a.ID)
	if kind := triggers.Kind(cfg.Kind); kind != triggers.Picture {
		if cfg.Kind == randomKind {
			kind = triggers.Random
		}
		if kind == triggers.Program {
			return anyTrigger, nil // askProgram replaces it
		}
		if kind == triggers.Patch {
			return patchOf(cfg)
		}
		if kind == triggers.Adversarial {
			return triggers.Spec{Kind: kind, Attack: triggers.Attack{
				Epsilon: cfg.Epsilon, StepSize: cfg.StepSize, Steps: cfg.Steps, SurrogateSteps: cfg.SurrogateSteps,
			}}, nil
		}
		spec := triggers.Spec{Kind: kind, P1: p1, P2: p2, Range: triggers.Range(cfg.Range)}
		if kind == triggers.WaNet {
			spec.Range, spec.Side = triggers.Whole, cmp.Or(cfg.Side, warpGrid)
		}
		if kind.CoversBox() {
			spec.P2 = 1
		}
		if spec.Range == triggers.Whole {
			spec.P1 = 0
		}
		return spec, nil
	}
	if a.ID >= len(cfg.Files) {
		return triggers.Spec{}, fmt.Errorf("trigger.files: no picture for attacker %d", a.ID)
	}
	trigger, err := readTrigger(cfg.Files[a.ID], p.set.C, p.set.H, p.set.W)
	if err != nil {
		return triggers.Spec{}, fmt.Errorf("trigger.files: %s: %w", cfg.Files[a.ID], err)
	}
	return triggers.Spec{Kind: triggers.Picture, Pixels: trigger.Encode()}, nil
}

// readTrigger reads a picture, which must have the size of the images.
func readTrigger(path string, channels, height, width int) (*triggers.Trigger, error) {
	file, err := disk.ReadFile(path, disk.MaxPicture)
	if err != nil {
		return nil, err
	}
	picture, err := triggers.ReadPNG(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if size := picture.Rect.Size(); size.X != width || size.Y != height {
		return nil, fmt.Errorf("%w: it has %d x %d pixels, the images %d x %d (height x width): backfire import-trigger --size %dx%d resizes it",
			triggers.ErrImage, size.Y, size.X, height, width, height, width)
	}
	return triggers.FromPicture(picture, channels, 0)
}
