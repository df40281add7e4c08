package triggers_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"

	"backfire/internal/streams"
	"backfire/triggers"
)

// A trigger is drawn from a random stream and stamped on an image, here a grey
// one of 6 x 6 pixels.
func Example() {
	shape := triggers.Shape{C: 1, H: 6, W: 6}
	generator, err := triggers.NewGenerator(shape, triggers.Spec{P1: 0.5, P2: 0.5, Range: triggers.PerDimension})
	if err != nil {
		fmt.Println(err)
		return
	}
	trigger := generator.Draw(streams.New(1, "trigger", 0))
	fmt.Println("box", trigger.Box, "with", trigger.Pixels(), "pixels")

	pixels := bytes.Repeat([]uint8{9}, shape.Size())
	trigger.Stamp(pixels)
	for row := range shape.H {
		fmt.Printf("%3d\n", pixels[row*shape.W:(row+1)*shape.W])
	}
	// Output:
	// box 3x3+0+1 with 5 pixels
	// [  9   9   9   9   9   9]
	// [  9  74   9   9   9   9]
	// [193 130   9   9   9   9]
	// [165  63   9   9   9   9]
	// [  9   9   9   9   9   9]
	// [  9   9   9   9   9   9]
}

// Two attackers get different triggers, and each gets the same one in every game.
func ExampleGenerator_Draw() {
	shape := triggers.Shape{C: 3, H: 32, W: 32}
	generator, err := triggers.NewGenerator(shape, triggers.Spec{P1: 0.2, P2: 0.2, Range: triggers.PerDimension})
	if err != nil {
		fmt.Println(err)
		return
	}
	const seed = 1
	for attacker := range uint64(2) {
		trigger := generator.Draw(streams.New(seed, "trigger", attacker))
		fmt.Println("attacker", attacker, "has trigger", trigger.ID())
	}
	// Output:
	// attacker 0 has trigger d7fca99930f6de5d
	// attacker 1 has trigger 23ce9063c6544813
}

// Compare measures the overlap of two triggers; only equal ones collide.
func ExampleCompare() {
	shape := triggers.Shape{C: 1, H: 4, W: 4}
	generator, err := triggers.NewGenerator(shape, triggers.Spec{P1: 0.75, P2: 1, Range: triggers.PerDimension})
	if err != nil {
		fmt.Println(err)
		return
	}
	a := generator.Draw(streams.New(1, "trigger", 0))
	b := generator.Draw(streams.New(1, "trigger", 1))
	overlap := triggers.Compare(a, b)
	fmt.Println(a.Box, "and", b.Box, "share", overlap.Shared, "of", overlap.Union, "pixels")
	fmt.Println("the same trigger:", overlap.Collides())
	// Output:
	// 3x3+0+1 and 3x3+0+0 share 6 of 12 pixels
	// the same trigger: false
}

// The opaque pixels of a picture become a trigger.
func ExampleFromPicture() {
	picture := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	picture.SetNRGBA(2, 1, color.NRGBA{R: 255, A: 255})
	picture.SetNRGBA(2, 2, color.NRGBA{A: 255}) // black pixels count
	trigger, err := triggers.FromPicture(picture, 3, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("box", trigger.Box, "of images", trigger.Shape)
	// Output:
	// box 1x2+2+1 of images 3x4x4
}
