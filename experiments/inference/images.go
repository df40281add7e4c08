package inference

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"backfire/defenses/features"
	"backfire/game"
	"backfire/internal/streams"
)

// Image is an image that a defender is asked about.
type Image struct {
	Name   string  // for people
	Pixels []uint8 // raw values, C*H*W of them, in the shape of the game's dataset
	Label  int     // the true label; UnknownLabel if it is not known
}

// UnknownLabel is the label of an image whose true label is not known.
const UnknownLabel = -1

// NoTrigger stands for an attacker's ID where no trigger is stamped.
const NoTrigger = -1

// HeldOut draws n held-out images of the defender, or with the ID of an attacker n
// held-out images of that attacker with its trigger. They are drawn from the stream
// "predict" and returned in the order of the probes. The error is a [*RequestError]
// where the game has no such attacker or fewer images.
func (c *Client) HeldOut(ctx context.Context, d *Defender, attacker, n int) ([]Image, error) {
	owner, trigger := game.Defender, game.NoTrigger
	if attacker != NoTrigger {
		position, err := d.position(FieldTrigger, attacker)
		if err != nil {
			return nil, err
		}
		owner, trigger = position, position
	}
	dealt, err := c.Game(ctx, d.Game)
	if err != nil {
		return nil, fmt.Errorf("inference: deal the game: %w", err)
	}
	probes := dealt.Probes()
	var eligible []int
	for i, probe := range probes.List {
		if probe.Owner == owner && probe.Trigger == trigger {
			eligible = append(eligible, i)
		}
	}
	if len(eligible) < n {
		return nil, refuse(FieldSample, strconv.Itoa(n), "only %d such images are held out", len(eligible))
	}
	size := probes.Shape.Size()
	var images []Image
	for _, i := range features.Thin(streams.New(d.Game.Game.Seed, "predict", uint64(owner+1)), eligible, n) {
		probe := probes.List[i]
		images = append(images, Image{
			Name: d.Game.Data.Name + "[" + strconv.Itoa(probe.Source) + "]", Label: int(probe.Label),
			Pixels: slices.Clone(probes.Images[i*size : (i+1)*size]),
		})
	}
	return images, nil
}

// Stamp stamps the trigger of the attacker with an ID on images, in place. The error
// is a [*RequestError] where the game has no such attacker, or where its attackers
// have a trigger for each image of the dataset and none for others.
func (c *Client) Stamp(ctx context.Context, d *Defender, attacker int, images []Image) error {
	position, err := d.position(FieldTrigger, attacker)
	if err != nil {
		return err
	}
	dealt, err := c.Game(ctx, d.Game)
	if err != nil {
		return fmt.Errorf("inference: deal the game: %w", err)
	}
	if len(dealt.Triggers()) == 0 {
		return refuse(FieldTrigger, strconv.Itoa(attacker), "the attackers of this game draw a trigger for each image of the dataset, so only held-out images have one")
	}
	for _, image := range images {
		dealt.Triggers()[position].Stamp(image.Pixels)
	}
	return nil
}

// Attacker returns the rules of the attacker with an ID, and false if the game has no
// such attacker.
func (d *Defender) Attacker(id int) (a game.Attacker, ok bool) {
	i := slices.IndexFunc(d.Game.Game.Attackers, func(a game.Attacker) bool { return a.ID == id })
	if i < 0 {
		return game.Attacker{}, false
	}
	return d.Game.Game.Attackers[i], true
}
