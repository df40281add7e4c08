package datasets_test

import (
	"context"
	"fmt"

	"backfire/datasets"
)

// The embedded images need no files.
func ExampleLoad() {
	set, err := datasets.Load(context.Background(), datasets.Source{Name: datasets.Embedded})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.Len(), "images of", set.C, "x", set.H, "x", set.W)
	fmt.Println("the first one is of the class", set.Classes[set.Labels[0]])
	// Output:
	// 10000 images of 1 x 28 x 28
	// the first one is of the class Ankle boot
}

func ExampleSet_Class() {
	set, err := datasets.New("pets", make([]uint8, 2), []uint16{0, 1}, 1, 1, 1, []string{"cat", "dog"})
	if err != nil {
		fmt.Println(err)
		return
	}
	label, err := set.Class("dog")
	fmt.Println(label, err)
	_, err = set.Class("bird")
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// datasets: class "bird": unknown class: pets has cat, dog, or 0 to 1
}
